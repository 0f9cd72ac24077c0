"""From the TOML file to checked settings, and from settings to the rules of the pure core.

Everything that is wrong is said at once, each with its place, its value and what would be right.
"""

from __future__ import annotations

import copy
import difflib
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from connectors.errors import Misconfigured
from insight import fields as ours
from insight.reports.promises import LEADS, MEETINGS
from mapping.conditions import ConditionError, compile_condition
from mapping.deals import LOST
from mapping.links import referred
from mapping.presets import PRESETS
from mapping.rules import KINDS, STAGE, FieldRule, KindRule, Place, Reconsent, Stage, ValueMap
from mapping.steps import DEAL_STAGE
from sync.decide.activities import ActivitySettings, sorts
from sync.decide.deleting import EVENT, MARK
from sync.decide.telling import told_fields
from sync.decide.writeback import stage_fields
from sync.insight.features import features, known_fields
from sync.insight.scores import contradictions
from sync.settings.common import OnDeleteSettings, PersonSettings, Settings, StageSettings, StatusSettings
from sync.settings.fields import ROLES, SIDES, FieldSettings, OwnValues, Side
from sync.settings.frames import CONTACTS, FRAMES, Frame
from sync.settings.kinds import CompanySettings, DealSettings

Kind = PersonSettings | CompanySettings | DealSettings | ActivitySettings

CONVERSION = {Place("salesforce", "Lead"): ("ConvertedDate", "ConvertedOpportunityId", "ConvertedAccountId")}
TEAMS = {"hubspot": "marketing", "salesforce": "sales"}
BACK = {"lifecyclestage": "lifecyclestage!"}
"""Native field → the name under which its connector sets it even backwards."""


class ConfigError(Misconfigured):
    """The file cannot be used.  `problems`: one sentence each."""

    def __init__(self, problems: list[str], path: Path) -> None:
        self.problems = problems
        lines = "\n".join(f"  - {problem}" for problem in problems)
        many = "one problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(f"{path} cannot be used, {many}:\n{lines}")


def load(path: Path) -> Settings:
    """The settings of this file.  Raises ConfigError with every problem there is."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(["there is no such file; `smarketing init` writes a first one"], path) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"it cannot be read: {error}"], path) from None
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"it is not TOML: {error}"], path) from None
    return parse(raw, path)


def parse(raw: Mapping[str, Any], path: Path = Path("config.toml")) -> Settings:
    """The settings of an already read file."""
    try:
        settings = Settings.model_validate(raw)
    except ValidationError as error:
        wrong = list(dict.fromkeys(_sentence(e, raw) for e in error.errors()))
        raise ConfigError([*wrong, *_further(raw, error)], path) from None
    problems = list(_contradictions(settings))
    if problems:
        raise ConfigError(problems, path)
    return settings


def _further(raw: Mapping[str, Any], error: ValidationError) -> list[str]:
    """What contradicts itself in the rest, where the rest can stand alone."""
    rest = copy.deepcopy(dict(raw))
    for wrong in error.errors():
        *path, last = wrong["loc"] or ("",)
        table: Any = rest
        for part in path:
            table = table.get(part) if isinstance(table, dict) else None
        if isinstance(table, dict):
            table.pop(last, None)
    try:
        return list(_contradictions(Settings.model_validate(rest)))
    except ValidationError:
        return []


def _sentence(error: ErrorDetails, raw: Mapping[str, Any]) -> str:
    where = _place(error["loc"])
    given = error.get("input")
    if error["type"] == "extra_forbidden":
        return f"{where} is not a setting{_did_you_mean(error['loc'])}"
    if error["type"] == "missing":
        return f"{where} is missing"
    message = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    shown = f" (is {given!r})" if isinstance(given, str | int | float | bool) and not _secret(error["loc"]) else ""
    return f"{where}{shown}: {message}"


def _place(location: tuple[int | str, ...]) -> str:
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[{part + 1}]"
        elif "[" not in part and part not in ("str", "dict", "OwnValues"):
            text += f".{part}" if text else part
    return text


def _secret(location: tuple[int | str, ...]) -> bool:
    return any(str(part) in SECRETS for part in location)


SECRETS = frozenset({"access_token", "client_secret", "refresh_token", "password", "security_token", "private_key"})


def _did_you_mean(location: tuple[int | str, ...]) -> str:
    names = sorted(_names_at(location[:-1]))
    close = difflib.get_close_matches(str(location[-1]), names, n=1)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; known here: {', '.join(names)}" if names else ""


def _names_at(location: tuple[int | str, ...]) -> set[str]:
    model: Any = Settings
    for part in location:
        if isinstance(part, int):
            continue
        fields = getattr(model, "model_fields", {})
        field = fields.get(str(part)) or next((f for f in fields.values() if f.alias == part), None)
        if field is None:
            continue
        model = next((m for m in _models(field.annotation)), None)
        if model is None:
            return set()
    return {field.alias or name for name, field in getattr(model, "model_fields", {}).items()}


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)


def _contradictions(settings: Settings) -> Iterator[str]:
    stages = {stage.name: 10 * place for place, stage in enumerate(settings.vocabulary.stage, 1)}
    told = set(known_fields(settings, "person"))
    for stage in settings.vocabulary.stage:
        if stage.entry:
            try:
                compile_condition(stage.entry, told, stages)
            except ConditionError as error:
                yield f"vocabulary.stage {stage.name}.entry: {error}"
    yield from _reconsent(settings.person, stages)
    yield from _agreement(settings, stages)
    for kind in FRAMES:
        section = getattr(settings, kind)
        ranks = {stage.name: stage.rank for stage in _deal_stages(section)} if kind == "deal" else stages
        yield from _contradictions_of(kind, section, ranks)
    yield from contradictions(settings)
    if not any(getattr(settings, kind).sync for kind in FRAMES):
        yield "no kind is synchronised: every section has sync = false"


def _agreement(settings: Settings, stages: Mapping[str, int]) -> Iterator[str]:
    told = set(known_fields(settings, "person"))
    for lead_type in settings.sla.lead_type:
        try:
            compile_condition(lead_type.when, told, stages)
        except ConditionError as error:
            yield f"sla.lead_type {lead_type.name}.when: {error}"
    try:
        compile_condition(settings.alerts.never, told, stages)
    except ConditionError as error:
        yield f"alerts.never: {error}"
    alerts = settings.alerts
    if alerts.on and not alerts.channels and not alerts.people and not (alerts.task and settings.activity.sync):
        yield "alerts.on: there is no way to tell anybody; name channels, or have alerts.task and activity.sync on"
    if settings.sla.start not in stages:
        yield f'sla.start is "{settings.sla.start}", which is no stage; choose from: {", ".join(stages)}'
    for goal in settings.goals.period:
        for stage in goal.targets:
            if stage not in (LEADS, MEETINGS, *stages):
                yield f'goals.period from {goal.since}: "{stage}" in targets is no stage, nor "{LEADS}" or "{MEETINGS}"'
    for name, calendar in settings.calendar.items():
        try:
            calendar.calendar()
        except ValueError as error:
            yield f"calendar.{name}.ics: {error}"


def _reconsent(person: PersonSettings, stages: Mapping[str, int]) -> Iterator[str]:
    fields = person.all_fields
    told = {setting: name for setting, name in person.reconsent.fields.items() if name}
    for setting, name in told.items():
        if name not in fields:
            yield f"person.reconsent.{setting}: {name!r} is none of [person.fields]; add it there"
    if (at := fields.get(person.reconsent.at)) is not None and at.type != "datetime":
        yield f'person.reconsent.at: {person.reconsent.at} must have type = "datetime", to tell what came later'
    try:
        compile_condition(person.reconsent.only, set(fields), stages)
    except ConditionError as error:
        yield f"person.reconsent.only: {error}"


def _contradictions_of(kind: str, section: Kind, stages: Mapping[str, int]) -> Iterator[str]:
    fields = section.all_fields
    names = set(fields)
    conditions = [
        *((f"{kind}.create.{side}", getattr(section.create, side)) for side in reversed(SIDES)),
        *((f"{kind}.fields.{name}.only", field.only) for name, field in fields.items() if field.only),
    ]
    for where, text in conditions:
        try:
            compile_condition(text, names, stages)
        except ConditionError as error:
            yield f"{where}: {error}"
    frame = FRAMES[kind]
    if frame.matched_by and frame.matched_by not in fields:
        yield f"{kind}.fields.{frame.matched_by} is missing: records are matched by it"
    used: dict[tuple[str, str, str], str] = {}
    for name, field in fields.items():
        for place, native in places(frame, field).items():
            if place.object not in frame.objects[place.system]:
                yield (
                    f"{kind}.fields.{name}.{place.system}: {place.object} is no {kind};"
                    f" choose from {', '.join(frame.objects[place.system])}"
                )
            other = used.setdefault((*place, native), name)
            if other != name and not _may_share(field, fields[other], place.system):
                yield f"{kind}.fields.{name}: {place.system} {native} is already mapped by {other}; it takes one rule"


def _may_share(field: FieldSettings, other: FieldSettings, side: str) -> bool:
    """Whether two fields may live in one native field: what it refers to is of two kinds, or only one writes it."""
    kinds = {referred(field.type), referred(other.type)}
    written = [each for each in (field, other) if ROLES.get(each.to or "both", side) == side]
    return (len(kinds) == 2 and "" not in kinds) or len(written) < 2


def places(frame: Frame, field: FieldSettings) -> dict[Place, str]:
    """Where a field lives: a plain name means every object of that side."""
    found: dict[Place, str] = {}
    for side in SIDES:
        native = getattr(field, side)
        if isinstance(native, str):
            found |= {Place(side, object): native for object in frame.objects[side]}
        elif native:
            found |= {Place(side, object): name for object, name in native.items()}
    return found


def rules(settings: Settings, kinds: Collection[str] = KINDS) -> list[KindRule]:
    """Everything the core needs to know of these kinds, as far as they are synchronised; parents before children."""
    made = {"company": _company, "person": _person, "deal": _deal, "activity": _activity}
    on = [kind for kind in KINDS if kind in made and getattr(settings, kind).sync]
    every = [_with_parents(made[kind](settings), on) for kind in on]
    parents = {kind for rule in every for kind in rule.parents}
    told = {rule.kind for rule in every if rule.teams}
    return [
        replace(rule, has_children=rule.kind in parents, tells=rule.tells if rule.tells in told else "")
        for rule in every
        if rule.kind in kinds
    ]


def _with_parents(rule: KindRule, kinds: Collection[str]) -> KindRule:
    """The rule without references to kinds that are not synchronised, and with the objects of those that are."""
    fields = tuple(field for field in rule.fields if not (kind := referred(field.type)) or kind in kinds)
    named = {kind for field in fields if (kind := referred(field.type))}
    return replace(rule, fields=fields, parents={kind: FRAMES[kind].objects for kind in KINDS if kind in named})


def person_rule(settings: Settings) -> KindRule:
    """Everything the core needs to know of people, as if no other kind were synchronised."""
    return _with_parents(_person(settings), ["person"])


def _person(settings: Settings) -> KindRule:
    person = settings.person
    rule = _rule("person", person, settings)
    return replace(
        rule,
        fields=(*rule.fields, *stage_fields()),
        teams=TEAMS,
        converted=settings.vocabulary.converted,
        recycle_after=settings.vocabulary.recycle_after,
        conversion=CONVERSION,
        create_as={"salesforce": person.create.lead_or_contact, "hubspot": "contacts"},
        create_known_as={"salesforce": "Contact"} if person.create.contact_if_known_account else {},
        suggests_merges=person.mirror_merge == "suggest",
        role_mailboxes=frozenset(person.role_mailboxes),
        match_phone=person.match_phone,
        phone_region=person.phone_region,
        on_delete={side: getattr(person.on_delete, side) for side in SIDES},
        recreate=person.on_delete.recreate,
        reconsent=Reconsent(**person.reconsent.model_dump()) if person.reconsent.event else None,
        moments=_moments(person.on_delete, rule),
    )


def _moments(settings: OnDeleteSettings, rule: KindRule) -> dict[Place, dict[str, str]]:
    """When people did something themselves, our mark of a deletion, where they are asked for, and when a contact
    entered its stages."""
    contacts, *others = (Place(side, object) for side in SIDES for object in FRAMES["person"].objects[side])
    found: dict[Place, dict[str, str]] = {contacts: _entered(rule)}
    if settings.recreate != "never":
        found[contacts][EVENT] = "recent_conversion_date"
    if settings.hubspot == "flag":
        found[contacts][MARK] = "smk_crm_deleted_at"
    if settings.salesforce == "flag":
        found |= {place: {MARK: "SMK_HubSpot_Deleted_At__c"} for place in others}
    return found


def _entered(rule: KindRule) -> dict[str, str]:
    """Where HubSpot tells when a contact entered a lifecycle stage; those that an account made itself have numbers."""
    staged = [field for field in rule.fields if field.name == STAGE]
    if not staged or staged[0].places.get(CONTACTS, "").split("+")[0] != "lifecyclestage":
        return {}
    return {
        f"@entered:{entry.name}": f"hs_v2_date_entered_{own}" if own.isdigit() else f"hs_lifecyclestage_{own}_date"
        for entry in rule.stages
        for own in entry.read["hubspot"][:1]
    }


def _company(settings: Settings) -> KindRule:
    company = settings.company
    rule = _rule("company", company, settings)
    return replace(rule, match_name=company.match_name, phone_region=settings.person.phone_region)


def _deal(settings: Settings) -> KindRule:
    deal = settings.deal
    rule = _rule("deal", deal, settings)
    stages, pipelines = _maps(deal.stages), _maps(deal.pipelines)
    fields = tuple(
        replace(field, values=stages, within=pipelines) if field.type == DEAL_STAGE else field for field in rule.fields
    )
    return replace(
        rule, fields=fields, stages=_deal_stages(deal), match_name=deal.match_name,
        any_of=("company", "people"), orphans=True, tells="person",
        called="name" if "name" in deal.all_fields else "",
    )  # fmt: skip


def _activity(settings: Settings) -> KindRule:
    rule = _rule("activity", settings.activity, settings)
    return replace(
        rule,
        sorts=sorts(settings.activity.types),
        first=("person",),
        alone={"person": ("company", "deal")},
        any_of=("person", "company", "deal"),
    )


def _deal_stages(deal: DealSettings) -> tuple[Stage, ...]:
    """For conditions: the order in the file is the rank."""
    return tuple(Stage(name, 10 * place, "", "sales", {}, {}) for place, name in enumerate(deal.stages, 1))


def _rule(kind: str, section: Kind, settings: Settings) -> KindRule:
    """What is alike for every kind."""
    frame = FRAMES[kind]
    vocabulary = settings.vocabulary
    stages = tuple(_stage(entry, 10 * place) for place, entry in enumerate(vocabulary.stage, 1))
    statuses = tuple(_stage(entry, -1) for entry in vocabulary.status)
    if vocabulary.lost_to is not None:
        statuses = tuple(replace(s, back_to=vocabulary.lost_to) if s.name == LOST else s for s in statuses)
    fields = known_fields(settings, kind).items()
    learned = [field.rule() for field in ours.fields(features(settings), kind)]
    if kind != "activity":
        learned += told_fields(kind, frame.objects)
    return KindRule(
        kind=kind,
        objects=frame.objects,
        fields=(*(field_rule(name, field, stages, statuses, frame) for name, field in fields), *learned),
        keys=frame.keys,
        keeps_ids=frozenset({"hubspot"}),
        create={side: getattr(section.create, side) for side in reversed(SIDES)},
        create_as={side: objects[0] for side, objects in frame.objects.items()},
        owners={"hubspot": dict(vocabulary.owners)} if vocabulary.owners else {},
        owner_fallback={str(side): email for side, email in section.owner_fallback.items()},
        stages=stages,
        statuses=statuses,
        ignore=frame.ignore,
        more_emails=frame.more_emails,
        prefix=frame.prefix,
        stand_in=frame.stand_in,
    )


def _stage(entry: StageSettings, rank: int) -> Stage:
    own = {side: getattr(entry, side) for side in SIDES}
    return Stage(
        name=entry.name,
        rank=rank,
        means=entry.means,
        owner=entry.owner,
        read={side: values.read for side, values in own.items()},
        write={side: values.write for side, values in own.items()},
        buyer=entry.buyer,
        entry=entry.entry,
        reasons=entry.reasons if isinstance(entry, StatusSettings) else (),
        back_to=entry.back_to if isinstance(entry, StatusSettings) else None,
    )


def field_rule(
    name: str,
    field: FieldSettings,
    stages: tuple[Stage, ...],
    statuses: tuple[Stage, ...],
    frame: Frame = FRAMES["person"],
) -> FieldRule:
    """A field's rule: the preset's answers, then what the file says itself, with roles turned into systems."""
    preset = dict(PRESETS[field.rule]) if field.rule else {}
    chosen = {
        key: value
        for key in ("to", "winner", "when", "clears", "first", "tie")
        if (value := getattr(field, key) or preset.get(key)) is not None
    }
    if field.type == "stage":
        chosen["winner"] = "forward"
    to = chosen.get("to", "both")
    return FieldRule(
        name=name,
        type=field.type,
        places=places(frame, field),
        to=frozenset(ROLES.values()) if to == "both" else frozenset(ROLES[r] for r in (to,) if r in ROLES),
        winner=ROLES.get(w := chosen.get("winner", "latest"), w),
        when=chosen.get("when", "always"),
        clears=chosen.get("clears", "authority"),
        first=ROLES.get(f := chosen.get("first", "fill_blanks"), f),
        tie=ROLES[chosen.get("tie", "crm")],
        on_invalid=field.on_invalid,
        unit={str(side): count for side, count in field.unit.items()},
        too_long=field.too_long,
        default=field.default,
        only=field.only,
        personal=field.personal,
        values=_values(field, stages, statuses),
        back=_back(frame, field),
        soft=frozenset(place.system for place, native in places(frame, field).items() if native == "@subscriptions"),
    )


def _back(frame: Frame, field: FieldSettings) -> dict[str, str]:
    natives = {place.system: native.split("+")[0] for place, native in places(frame, field).items()}
    return {system: BACK[native] for system, native in natives.items() if field.type == "stage" and native in BACK}


def _values(field: FieldSettings, stages: tuple[Stage, ...], statuses: tuple[Stage, ...]) -> dict[str, ValueMap]:
    if field.type == "stage":
        return {
            side: ValueMap(
                read={own: entry.name for entry in (*stages, *statuses) for own in entry.read[side]},
                write={entry.name: own for entry in (*stages, *statuses) if (own := entry.write[side])},
            )
            for side in SIDES
        }
    return _maps(field.values)


def _maps(values: Mapping[str, Mapping[Side, OwnValues]]) -> dict[str, ValueMap]:
    return {
        side: ValueMap(
            read={own: name for name, sides in values.items() if side in sides for own in sides[side].read},
            write={name: own for name, sides in values.items() if side in sides and (own := sides[side].write)},
        )
        for side in SIDES
        if any(side in sides for sides in values.values())
    }
