"""An opt-out is taken back only where a record shows all that it takes; everything else sets it again."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mapping.rules import Reconsent
from state.rows import Row
from sync.decide.hearing import Heard
from sync.decide.reconsent import RULE
from sync.plan import Planner
from tests.laws.make import PERSON, H, S, mapping, rule

EVIDENCE = {"event": "signed up", "at": 60_000, "source": "form", "basis": "consent"}
RECONSENT = Reconsent("event", "at", "source", "basis", 'event != "webinar"')


def shown(name: str, type_: str = "text") -> Any:
    return rule(name, type_, to=frozenset())


PLANNER = Planner(
    mapping=mapping(
        *PERSON,
        shown("event"), shown("at", "datetime"), shown("source"), shown("basis"),
        rule("opted_out", "bool", winner="sticky_true", soft=frozenset({H})),
        reconsent=RECONSENT,
    ),
    create={H: lambda facts: False, S: lambda facts: False},
    only={RULE: lambda facts: facts["event"] != "webinar"},
    grain={H: 1, S: 1000},
)  # fmt: skip


@st.composite
def evidence(draw: st.DrawFn) -> dict[str, Any]:
    held = {name: value for name, value in EVIDENCE.items() if draw(st.integers(0, 5))}
    if "event" in held:
        held["event"] = draw(st.sampled_from(["signed up", "signed up", "webinar"]))
    if "at" in held:
        held["at"] = draw(st.sampled_from([1_000, 30_000, 60_000]))
    return held


@st.composite
def record(draw: st.DrawFn, n: int, system: str, state: str = "live") -> Row:
    now: dict[str, Any] = {"email": "ann@acme.com", **draw(evidence())}
    said = draw(st.sampled_from([True, False, None]))
    now |= {} if said is None else {"opted_out": said}
    shadow = {"email": "ann@acme.com", **({"opted_out": True} if draw(st.integers(0, 3)) else {})}
    spans = {"opted_out": (20_000, 50_000)} if now.get("opted_out") != shadow.get("opted_out") else {}
    return Row(
        system, {H: "contacts", S: "Lead"}[system], f"{n}", "person", now, 50_000, 90_000, state=state, entity="e",
        shadow=shadow, spans=spans, n=n,
    )  # fmt: skip


@st.composite
def people(draw: st.DrawFn) -> list[Row]:
    rows = [draw(record(1, H)), draw(record(2, S))]
    return rows + [draw(record(n, S, "duplicate")) for n in range(3, 3 + draw(st.integers(0, 2)))]


heard = st.builds(
    Heard,
    st.sampled_from([{}, {}, {"opted_out": "elsewhere"}]),
    st.sampled_from([None, 10_000, 40_000]),
    st.just({}),
    st.just({}),
)


def shows(row: Row, known: Heard) -> bool:
    since = 20_000 if known.opted_out_at is None else known.opted_out_at
    complete = EVIDENCE.keys() <= row.now.keys()
    return complete and row.now["at"] > since and row.now["event"] != "webinar" and not known.others


@given(people(), heard)
def test_an_opt_out_is_taken_back_only_by_a_record_that_shows_why(rows: list[Row], known: Heard) -> None:
    decision = PLANNER.decide("e", rows, {}, None, known)
    freed = [draft for draft in decision.drafts if "opted_out" in draft.fields and not draft.fields["opted_out"].new]
    for draft in freed:
        assert draft.system == S
        back = [row for row in rows[:2] if row.now.get("opted_out") is not True and row.shadow["opted_out"]]  # type: ignore[index]
        assert any(shows(row, known) for row in back)
        said = draft.fields["opted_out"].reason
        assert all(str(EVIDENCE[name]) in said for name in ("source", "basis"))


@given(people(), heard)
def test_where_it_stands_nobody_is_freed_and_where_it_falls_nobody_is_opted_out(rows: list[Row], known: Heard) -> None:
    drafts = PLANNER.decide("e", rows, {}, None, known).drafts
    assert len({draft.fields["opted_out"].new for draft in drafts if "opted_out" in draft.fields}) <= 1


@given(people(), heard)
def test_when_an_opt_out_was_heard_of_is_noted_though_nothing_had_to_be_written(rows: list[Row], known: Heard) -> None:
    decision = PLANNER.decide("e", rows, {}, None, known)
    both = all(row.now.get("opted_out") is True for row in rows[:2])
    news = {row.system for row in rows[:2] if "opted_out" not in (row.shadow or {})}
    noted = {note.system for note in decision.notes if note.field == "opted_out" and note.became is True}
    assert noted >= (news if both and len(news) == 2 else set())


def test_where_nobody_saw_when_it_was_taken_back_the_record_s_own_age_counts() -> None:
    lead = Row(
        S, "Lead", "1", "person", {"email": "ann@acme.com", "opted_out": True}, 10_000, 90_000, entity="e",
        shadow={"email": "ann@acme.com", "opted_out": True}, n=1,
    )  # fmt: skip
    contact = lead._replace(
        system=H, object="contacts", now={**lead.now, "opted_out": False, **EVIDENCE}, n=2, version_ms=60_000
    )
    drafts = PLANNER.decide("e", [lead, contact._replace(created_ms=50_000)], {}).drafts
    assert [draft.fields["opted_out"].new for draft in drafts if draft.system == S] == [False]
    assert PLANNER.decide("e", [lead, contact._replace(created_ms=60_000)], {}).questions
