"""The settings of one mapped field, whatever kind of record it belongs to."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Side = Literal["hubspot", "salesforce"]
SIDES: tuple[Side, ...] = ("hubspot", "salesforce")
ROLES: dict[str, Side] = {"marketing": "hubspot", "crm": "salesforce"}


class Section(BaseModel):
    """A table of the file: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class OwnValues(Section):
    """What one side calls a stage: the values read as it, and the one written (none: it is not written there)."""

    read: tuple[str, ...] = ()
    write: str | None = None


def own_values(raw: object) -> object:
    """The short forms of `OwnValues` in full."""
    if isinstance(raw, str):
        return {"read": [raw], "write": raw}
    if isinstance(raw, list):
        return {"read": raw, "write": raw[0] if raw else None}
    return raw


def own_sides(raw: object) -> object:
    """The same for a table of names, each with what the sides call it."""
    if not isinstance(raw, dict):
        return raw
    return {
        name: {side: own_values(own) for side, own in sides.items()} if isinstance(sides, dict) else sides
        for name, sides in raw.items()
    }


Native = str | dict[str, str]


class FieldSettings(Section):
    """One entry of `[person.fields]`"""

    hubspot: Native | None = None
    salesforce: Native | None = None
    type: Literal[
        "text", "long_text", "email", "phone", "url", "domain", "int", "decimal", "bool", "date", "datetime",
        "choice", "set", "owner", "stage", "money", "deal_stage", "reference:company", "reference:person",
        "reference:deal", "references:company", "references:person", "references:deal",
    ] = "text"  # fmt: skip
    rule: str | None = None
    to: Literal["both", "crm", "marketing", "none"] | None = None
    winner: Literal[
        "latest", "crm", "marketing", "human", "max", "min", "union", "forward", "sticky_true", "review"
    ] | None = None  # fmt: skip
    when: Literal["always", "blank", "create"] | None = None
    clears: Literal["authority", "both", "never"] | None = None
    first: Literal["fill_blanks", "crm", "marketing", "latest", "review"] | None = None
    tie: Literal["crm", "marketing"] | None = None
    on_invalid: Literal["hold", "drop", "nearest", "default"] = "hold"
    unit: dict[Side, Annotated[int, Field(gt=0)]] = Field(default_factory=dict)
    too_long: Literal["hold", "cut"] = "hold"
    default: str | bool | int | None = None
    only: str = ""
    personal: bool = True
    values: dict[str, dict[Side, OwnValues]] = Field(default_factory=dict)

    @field_validator("values", mode="before")
    @classmethod
    def _short_form(cls, raw: object) -> object:
        return own_sides(raw)

    @field_validator("rule")
    @classmethod
    def _preset(cls, name: str | None) -> str | None:
        from mapping.presets import PRESETS

        if name is not None and name not in PRESETS:
            raise ValueError(f"is no rule; choose one of {', '.join(sorted(PRESETS))}")
        return name

    @model_validator(mode="after")
    def _somewhere(self) -> FieldSettings:
        if not self.hubspot and not self.salesforce:
            raise ValueError('needs a native field: hubspot = "…" and salesforce = "…"')
        if not (self.hubspot and self.salesforce) and self.to != "none":
            raise ValueError(
                'needs a native field on both sides: hubspot = "…" and salesforce = "…"; '
                'one that only conditions ask for may live on one side, with to = "none"'
            )
        if self.type == "stage" and self.winner not in (None, "forward"):
            raise ValueError('a stage can only move forward: leave out winner or set it to "forward"')
        if self.unit and self.type != "int":
            raise ValueError('unit is for whole numbers: type = "int"')
        if self.on_invalid == "default" and self.default is None:
            raise ValueError('on_invalid = "default" also needs default')
        return self


def mapped(hubspot: Native | None, salesforce: Native | None, type: str = "text", **more: object) -> FieldSettings:
    """An entry as the file would say it, for the defaults."""
    return FieldSettings.model_validate({"hubspot": hubspot, "salesforce": salesforce, "type": type, **more})
