"""Deals: stages between pipelines, money with its currency, days in a time zone."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.port import Field, Option, RecordType, Schema
from mapping.mapping import Mapping, Unmapped
from mapping.rules import FieldRule, KindRule, Place, ValueMap
from mapping.steps import missing, unexpressed
from mapping.zones import day_in, noon
from tests.laws.make import record

H, S = "hubspot", "salesforce"
DEALS, OPPORTUNITY = Place(H, "deals"), Place(S, "Opportunity")
BOTH = frozenset({H, S})
MAPS = {
    H: ValueMap({"new": "new", "talk": "talk", "won": "won", "lost": "lost"},
                {"new": "new", "talk": "talk", "won": "won", "lost": "lost"}),
    S: ValueMap({"New": "new", "Talk": "talk", "Demo": "talk", "Won": "won", "Lost": "lost"},
                {"new": "New", "talk": "Talk", "won": "Won", "lost": "Lost"}),
}  # fmt: skip
STAGE = FieldRule(
    "stage", "deal_stage", {DEALS: "dealstage+pipeline", OPPORTUNITY: "StageName+Type"}, BOTH, values=MAPS
)


def step(value: str, chance: float, within: str = "", label: str = "") -> Option:
    closed = chance in (0, 1)
    return Option(value, label or value, True, within, closed, closed and chance == 1, chance)


MAIN = (step("new", 0.1, "p"), step("talk", 0.5, "p"), step("won", 1, "p"), step("lost", 0, "p"))
THEIRS = (step("New", 0.1), step("Talk", 0.5), step("Demo", 0.6), step("Won", 1), step("Lost", 0))


def schemas(
    more: tuple[Option, ...] = (), theirs: tuple[Option, ...] = THEIRS, types: tuple[RecordType, ...] = ()
) -> dict[Place, Schema]:
    pipelines = sorted({option.within for option in (*MAIN, *more)})
    stages = Field("dealstage", "Stage", "choice", options=(*MAIN, *more))
    pipeline = Field("pipeline", "Pipeline", "choice", options=tuple(Option(p, p.upper()) for p in pipelines))
    own = {"StageName": Field("StageName", "Stage", "choice", options=theirs)}
    if types:
        own["Type"] = Field("Type", "Type", "reference")
    return {
        DEALS: Schema("deals", {"dealstage": stages, "pipeline": pipeline}),
        OPPORTUNITY: Schema("Opportunity", own, types),
    }


def mapping(known: dict[Place, Schema], stage: FieldRule = STAGE) -> Mapping:
    rule = KindRule("deal", {H: ("deals",), S: ("Opportunity",)}, (stage,), (), {}, {})
    return Mapping(rule, known, {})


OWN = st.sampled_from([f"p/{option.value}" for option in MAIN])


@given(OWN, st.sampled_from([option.value for option in THEIRS]))
def test_a_stage_written_reads_as_the_one_that_was_meant(here: str, there: str) -> None:
    m = mapping(schemas())
    wanted = m.canon(DEALS, "stage", here)
    after = m.fit(OPPORTUNITY, "stage", wanted, there)
    assert m.canon(OPPORTUNITY, "stage", after) == wanted
    assert m.canon(DEALS, "stage", m.fit(DEALS, "stage", m.canon(OPPORTUNITY, "stage", there), here)) == m.canon(
        OPPORTUNITY, "stage", there
    )


@given(OWN)
def test_a_deal_stays_in_its_pipeline(held: str) -> None:
    m = mapping(schemas((step("r-talk", 0.5, "r", "Talk"), step("r-won", 1, "r", "Renewed"))))
    value = m.canon(DEALS, "stage", held)
    natives, problems = m.encode(DEALS, {"stage": value}, creating=False, held={"stage": "r/r-talk"})
    if value in ("talk", "won"):
        assert (natives, problems) == ({"dealstage": f"r-{value}"}, [])
    else:
        assert natives == {}
        assert [problem.code for problem in problems] == ["UNMAPPED_VALUE"]


def test_a_new_deal_gets_the_pipeline_that_has_its_stage() -> None:
    m = mapping(schemas((step("demo", 0.7, "r", "Demo"),)))
    assert m.encode(DEALS, {"stage": "won"}, creating=True)[0] == {"dealstage": "won", "pipeline": "p"}


@pytest.mark.parametrize(
    ("more", "means"),
    [
        (step("x", 0.9, "p", "Talk"), "talk"),
        (step("x", 0.9, "p", "demo"), "talk"),
        (step("x", 1, "r", "Signed"), "won"),
        (step("x", 0, "r", "Gone"), "lost"),
        (step("x", 0.1, "r", "Whatever"), "new"),
        (step("x", 0.33, "r", "Whatever"), None),
        (step("x", 1, "p", "Talk"), "won"),
    ],
)
def test_a_stage_that_nobody_names_means_what_leaves_no_choice(more: Option, means: str | None) -> None:
    m = mapping(schemas((more,)))
    found = m.canon(DEALS, "stage", f"{more.within}/x")
    assert found == means if means else isinstance(found, Unmapped)


def test_stages_of_one_label_mean_the_same_without_a_configuration() -> None:
    m = mapping(schemas((step("x", 0.7, "p", "In review"),), (*THEIRS, step("In Review", 0.8))))
    assert m.canon(DEALS, "stage", "p/x") == m.canon(OPPORTUNITY, "stage", "In Review") == "in_review"


def test_what_is_missing_is_told_with_the_nearest_stage() -> None:
    known = schemas((step("x", 0.45, "p", "Negotiation"),), (*THEIRS, step("Stuck", 0.2)))
    rule = mapping(known).rule.fields[0]
    assert [(m.system, m.value, m.suggestion) for m in missing(rule, known)] == [
        (H, "x", "talk"),
        (S, "Stuck", "new"),
    ]
    assert not unexpressed(rule, known)


def test_a_stage_that_one_side_lacks_is_told() -> None:
    known = schemas(theirs=THEIRS[:3])
    assert unexpressed(mapping(known).rule.fields[0], known) == [(S, "lost"), (S, "won")]


TYPES = (
    RecordType(
        "012a", "New_Business", "New business", default=True, values={"StageName": ("New", "Demo", "Won", "Lost")}
    ),
    RecordType("012b", "Renewal", "Renewal"),
)
PAIRS = {
    H: ValueMap({"p": "new", "R": "renewal"}, {"new": "p", "renewal": "R"}),
    S: ValueMap({"New_Business": "new", "Renewal": "renewal"}, {"new": "New_Business", "renewal": "Renewal"}),
}


def test_a_record_type_is_written_only_the_stages_that_it_offers() -> None:
    m = mapping(schemas(types=TYPES))
    assert m.encode(OPPORTUNITY, {"stage": "talk"}, creating=True)[0] == {"StageName": "Demo"}
    held = {"stage": "012b/New"}
    assert m.encode(OPPORTUNITY, {"stage": "talk"}, creating=False, held=held)[0] == {"StageName": "Talk"}


def test_pipelines_that_belong_together_travel_with_the_stage() -> None:
    known = schemas((step("r-won", 1, "r", "Renewed"),), types=TYPES)
    m = mapping(known, FieldRule(**{**_told(STAGE), "within": PAIRS}))
    assert m.canon(DEALS, "stage", "r/r-won") == m.canon(OPPORTUNITY, "stage", "012b/Won") == "renewal/won"
    told = {"StageName": "Won", "Type": "012b"}
    assert m.encode(OPPORTUNITY, {"stage": "renewal/won"}, creating=True)[0] == told
    assert m.fit(DEALS, "stage", "renewal/won", "p/new") == "r/r-won"
    assert isinstance(m.canon(OPPORTUNITY, "stage", "012zzz/Won"), Unmapped)
    assert m.facts((DEALS, {"stage": "r/r-won"}))["stage"] == "won"
    assert m.facts((DEALS, {"stage": "r/r-won"}))["won"] is True


def _told(rule: FieldRule) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in FieldRule.__dataclass_fields__}


# -- money -------------------------------------------------------------------------------------------------------------

MONEY = FieldRule("amount", "money", {DEALS: "amount+code", OPPORTUNITY: "Amount+Code"}, BOTH)
CODE = tuple(Option(code, code) for code in ("EUR", "USD"))


def money(theirs: bool = True) -> Mapping:
    code = Field("code", "", "choice", options=CODE, restricted=True)
    own = {"Amount": Field("Amount", "", "money"), **({"Code": code} if theirs else {})}
    known = {
        DEALS: Schema("deals", {"amount": Field("amount", "", "number"), "code": code}),
        OPPORTUNITY: Schema("Opportunity", own),
    }
    return Mapping(KindRule("deal", {H: ("deals",), S: ("Opportunity",)}, (MONEY,), (), {}, {}), known, {})


@given(st.decimals(-(10**12), 10**12, places=2), st.sampled_from(["EUR", "USD"]))
def test_money_travels_with_its_currency(amount: Any, code: str) -> None:
    m = money()
    own = m.decode(record(DEALS, amount=str(amount), code=code))["amount"]
    natives, problems = m.encode(OPPORTUNITY, {"amount": m.canon(DEALS, "amount", own)}, creating=True)
    assert not problems
    assert m.same("amount", m.decode(record(OPPORTUNITY, **natives))["amount"], own)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_without_a_currency_on_one_side_amounts_alone_are_compared_and_the_other_keeps_its_own(a: int, b: int) -> None:
    m = money(theirs=False)
    shared = m.canon(OPPORTUNITY, "amount", m.decode(record(OPPORTUNITY, Amount=a))["amount"])
    held = m.decode(record(DEALS, amount=str(b), code="EUR"))["amount"]
    assert m.same("amount", m.canon(DEALS, "amount", m.fit(DEALS, "amount", shared, held)), shared)
    assert str(m.fit(DEALS, "amount", shared, held)).endswith(" EUR")
    assert set(m.encode(DEALS, {"amount": shared}, creating=False, held={"amount": held})[0]) == {"amount"}


def test_a_currency_that_the_target_does_not_know_is_held() -> None:
    natives, problems = money().encode(OPPORTUNITY, {"amount": "10 CHF"}, creating=True)
    assert (natives, [problem.code for problem in problems]) == ({}, ["NOT_AN_OPTION"])


# -- days --------------------------------------------------------------------------------------------------------------

ZONES = st.sampled_from(["", "UTC", "America/New_York", "Pacific/Auckland", "Asia/Kolkata", "Pacific/Kiritimati"])
DAYS = st.dates(date(1990, 1, 1), date(2090, 1, 1))


@given(DAYS, ZONES)
def test_no_day_slips_on_its_way_there_and_back(day: Any, zone: str) -> None:
    at = noon(day.isoformat(), zone)
    assert day_in(zone)(at) == day.isoformat()


@given(st.integers(0, 4_000_000_000), ZONES)
def test_an_instant_is_the_day_that_people_there_see(seconds: int, zone: str) -> None:
    seen = datetime.fromtimestamp(seconds, ZoneInfo(zone or "UTC")).date().isoformat()
    assert day_in(zone)(seconds * 1000) == seen


@pytest.mark.parametrize("raw", ["", None, "soon", "2027-02-28"])
def test_what_is_no_instant_is_read_as_any_day(raw: Any) -> None:
    assert day_in("America/New_York")(raw) == (raw or None)
