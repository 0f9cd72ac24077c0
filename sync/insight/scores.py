"""`[score]`: what counts for how much, whom we sell to, and when somebody is to be called first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, ValidationInfo, field_validator, model_validator

from insight.score.fit import OF_JOB, FitRule, Persona
from insight.score.points import DAY, PATTERNS, SCALE, WEIGHTS, Scheme, Weight
from insight.score.priority import Cuts
from mapping.conditions import ConditionError, compile_condition
from sync.insight.features import known_fields
from sync.settings.fields import Section

if TYPE_CHECKING:
    from sync.settings.common import Settings

Score = Annotated[int, Field(ge=1, le=100)]
Amount = Annotated[float, Field(ge=0)]
Days = Annotated[float, Field(gt=0)]


class FitSettings(Section):
    """One of `[score] fit`"""

    when: str
    points: int = Field(ge=-100, le=100)
    why: str = Field(min_length=1)


class PersonaSettings(Section):
    """One of `[score] persona`"""

    name: str = Field(min_length=1)
    when: str


def _fit(when: str, points: int, why: str) -> FitSettings:
    return FitSettings(when=when, points=points, why=why)


FIT = (
    _fit('job_level in ("c_level", "vp", "director")', 40, "Decides"),
    _fit('job_level == "manager"', 25, "Manages"),
    _fit('job_level == "student"', -60, "Is a student"),
    _fit("has_email and not free_mail", 20, "Writes from a company's address"),
    _fit("free_mail", -20, "Writes from a private address"),
    _fit("company_domain", 20, "The company's website is known"),
    _fit("phone or mobile", 10, "Can be called"),
    _fit("country", 10, "The country is known"),
    _fit('disqualify_reason in ("competitor", "student", "out_of_area")', -100, "Sales found: not for us"),
)


class WeightSettings(Section):
    """One of `[score.points]`"""

    points: Amount
    half_life_days: Days
    cap: Amount


def _weight(name: str) -> WeightSettings:
    points, half_life, cap = WEIGHTS[name]
    return WeightSettings(points=points, half_life_days=half_life, cap=cap)


class PointsSettings(Section):
    """`[score.points]`"""

    visit: WeightSettings = _weight("visit")
    open: WeightSettings = _weight("open")
    click: WeightSettings = _weight("click")
    content: WeightSettings = _weight("content")
    pricing: WeightSettings = _weight("pricing")
    demo: WeightSettings = _weight("demo")

    @field_validator(*WEIGHTS, mode="before")
    @classmethod
    def _in_part(cls, raw: object, info: ValidationInfo) -> object:
        """What is not said of a class keeps its default."""
        return _weight(str(info.field_name)).model_dump() | raw if isinstance(raw, dict) else raw


class PatternSettings(Section):
    """`[score.patterns]`"""

    pricing: str = PATTERNS["pricing"]
    demo: str = PATTERNS["demo"]
    content: str = PATTERNS["content"]

    @field_validator(*PATTERNS)
    @classmethod
    def _understood(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"is no regular expression: {error}") from None
        return pattern


class ScoreSettings(Section):
    """`[score]`"""

    enabled: bool = False
    capacity: float | None = Field(default=None, gt=0)
    fit_a: Score = 60
    fit_b: Score = 30
    engagement_1: Score = 60
    engagement_2: Score = 25
    horizon_won_days: int = Field(default=180, ge=1)
    horizon_sql_days: int = Field(default=60, ge=1)
    exclude: tuple[str, ...] = ()
    fit: tuple[FitSettings, ...] = FIT
    persona: tuple[PersonaSettings, ...] = ()
    points: PointsSettings = PointsSettings()
    patterns: PatternSettings = PatternSettings()

    @model_validator(mode="after")
    def _ordered(self) -> ScoreSettings:
        for high, low in (("fit_a", "fit_b"), ("engagement_1", "engagement_2")):
            if getattr(self, high) <= getattr(self, low):
                raise ValueError(f"{high} is {getattr(self, high)}; it must be more than {low}")
        return self

    @property
    def horizons(self) -> dict[str, int]:
        """Goal → the ms in which it counts as reached."""
        return {"won": self.horizon_won_days * DAY, "sql": self.horizon_sql_days * DAY}

    @property
    def cuts(self) -> Cuts:
        """From which scores on somebody is an A or a B, a 1 or a 2, where sales has time for all of them."""
        return Cuts(self.fit_a, self.fit_b, self.engagement_1, self.engagement_2)

    def scheme(self, scale: float = SCALE) -> Scheme:
        """What a touch counts for."""
        weights = {name: Weight(*getattr(self.points, name).model_dump().values()) for name in WEIGHTS}
        return Scheme(weights, self.patterns.model_dump(), scale)


def fit_rules(settings: Settings) -> tuple[FitRule, ...]:
    """The rules of fit, ready to be asked."""
    names, ranks = fact_names(settings), _ranks(settings)
    return tuple(
        FitRule(compile_condition(rule.when, names, ranks), rule.points, rule.why) for rule in settings.score.fit
    )


def personas(settings: Settings) -> tuple[Persona, ...]:
    """The personas, in their order."""
    names, ranks = fact_names(settings), _ranks(settings)
    return tuple(Persona(one.name, compile_condition(one.when, names, ranks)) for one in settings.score.persona)


def fact_names(settings: Settings) -> set[str]:
    """What may be asked of a person: the person's fields, the company's as `company_NAME`, and what the title tells."""
    company = (f"company_{name}" for name in known_fields(settings, "company"))
    return {*known_fields(settings, "person"), *company, *OF_JOB}


def _ranks(settings: Settings) -> Mapping[str, int]:
    return {stage.name: 10 * place for place, stage in enumerate(settings.vocabulary.stage, 1)}


def contradictions(settings: Settings) -> Iterator[str]:
    """What of `[score]` does not fit the rest."""
    names, ranks = fact_names(settings), _ranks(settings)
    asked = [(f"score.fit[{i}].when", rule.when) for i, rule in enumerate(settings.score.fit, 1)]
    asked += [(f"score.persona[{i}].when", one.when) for i, one in enumerate(settings.score.persona, 1)]
    for where, text in asked:
        try:
            compile_condition(text, names, ranks)
        except ConditionError as error:
            yield f"{where}: {error}"
    for name in settings.score.exclude:
        if name not in names:
            yield f"score.exclude: {name!r} is no field of a person or company"
