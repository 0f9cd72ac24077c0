"""What a system refuses by name is left out, everything else arrives, and nothing is tried twice without a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from connectors.port import Rejected
from state.rows import DONE, PARKED, SPARES, OperationRow, Row
from sync.decide.decision import Decision, Draft, operation
from sync.plan import Planner
from sync.trust.refusal import BASIS, basis, stands
from tests.laws.make import H, S, mapping, rule

NAMES = ("city", "color", "phrase", "title")
OUT = rule("opted_out", "bool", natives="optout", crm="OptOut", winner="sticky_true")
MAPPING = mapping(*map(rule, NAMES), OUT)
PLANNER = Planner(MAPPING, create={}, only={}, grain={H: 1, S: 1})
ANN = {**dict.fromkeys(NAMES, "old"), "opted_out": None}
VALUE, RECORD = "STRING_TOO_LONG", "REQUIRED_FIELD_MISSING"
SAYS = st.sampled_from(["all", "first", "with another"])


@dataclass
class Pair:
    """Ann in both systems; Salesforce refuses some values."""

    refused: dict[str, str]
    """Native field → the code with which every new value is refused there."""
    says: str = "all"
    """Which of the fields at fault it names."""
    rows: list[Row] = field(default_factory=list)
    outbox: list[OperationRow] = field(default_factory=list)
    calls: int = 0

    def __post_init__(self) -> None:
        link, back = {"@key:salesforce:Lead": "L"}, {"@key:hubspot:contacts": "1"}
        for place, id, key in (((H, "contacts"), "1", link), ((S, "Lead"), "L", back)):
            row = Row(*place, id, "person", {**ANN, **key}, 5_000, 90_000, entity="e", shadow=dict(ANN))
            self.rows.append(row._replace(n=len(self.rows) + 1))

    def edit(self, **values: Any) -> None:
        hub = self.rows[0]
        self.rows[0] = hub._replace(now={**hub.now, **values}, spans={name: [1, 2] for name in values})

    @property
    def lead(self) -> Mapping[str, Any]:
        return self.rows[1].now

    def decide(self) -> Decision:
        known = sorted(self.outbox, key=lambda o: (o.state == PARKED, o.n))
        return PLANNER.decide("e", self.rows, {o.system: o for o in known if o.state != DONE})

    def turn(self) -> bool:
        """Decide, and write as the system lets us; whether anything was tried."""
        decision = self.decide()
        for draft in decision.drafts:
            assert draft.system == S
            planned = operation(draft, "e", "person", "run")._replace(n=len(self.outbox) + 1)
            if not planned.leaves_parked:
                self.outbox = [o._replace(state=DONE) for o in self.outbox]
            sent = self._sent(planned, draft)
            self.outbox.append(sent)
        for system, moved in decision.shadows.items():
            self._agree(H if system == H else S, moved)
        return bool(decision.drafts)

    def _sent(self, planned: OperationRow, draft: Draft) -> OperationRow:
        self.calls += 1
        lead = self.rows[1]
        if blamed := [native for native in sorted(planned.native) if native in self.refused]:
            named = {"all": blamed, "first": blamed[:1], "with another": [blamed[0], "Elsewhere"]}[self.says]
            no = Rejected(self.refused[blamed[0]], "no", tuple(named))
            rested = basis(MAPPING, planned, lead, no.code, no.message, no.fields)
            if SPARES in planned.basis:
                kept = planned.basis[SPARES]["n"]
                self.outbox = [o._replace(state=DONE) if o.n == kept else o for o in self.outbox]
            note = {"code": no.code, "native": list(no.fields), BASIS: rested}
            return planned._replace(state=PARKED, note=note)
        self.rows[1] = lead._replace(now={**lead.now, **planned.fields}, version_ms=lead.version_ms + 1_000)
        self._agree(S, planned.fields)
        self._agree(H, draft.agreed[H])
        return planned._replace(state=DONE)

    def _agree(self, system: str, fields: Mapping[str, Any]) -> None:
        at = 0 if system == H else 1
        self.rows[at] = self.rows[at]._replace(shadow={**(self.rows[at].shadow or {}), **fields})

    def rest(self) -> int:
        """Turns until nothing is tried any more; how many calls that took."""
        before = self.calls
        for _ in range(20):
            if not self.turn():
                return self.calls - before
        raise AssertionError("it never rests")

    def held(self) -> Sequence[str]:
        return sorted(str(q.field) for q in self.decide().questions if q.question == "rejected")


FAULTS = st.dictionaries(st.sampled_from([name.title() for name in NAMES]), st.sampled_from([VALUE, RECORD]))
EDITS = st.sets(st.sampled_from(NAMES), min_size=1)


@given(FAULTS, EDITS, SAYS, st.booleans())
def test_all_but_what_is_refused_arrives(faults: dict[str, str], edited: set[str], says: str, out: bool) -> None:
    pair = Pair(faults, says)
    pair.edit(**dict.fromkeys(edited, "new"), **({"opted_out": True} if out else {}))
    calls = pair.rest()
    refused = {name for name in edited if name.title() in faults}
    assert {name for name in NAMES if pair.lead[name] == "new"} == edited - refused
    assert pair.held() == sorted(refused)
    assert pair.lead["opted_out"] is (True if out else None)
    assert calls <= 2 * len(refused) + 2 + out
    assert len([o for o in pair.outbox if o.state == PARKED]) == bool(refused)
    values = {q.field: q.detail["value"] for q in pair.decide().questions if q.question == "rejected"}
    assert set(values.values()) <= {"new"}


@given(FAULTS, EDITS, SAYS, st.sampled_from(NAMES))
def test_a_field_is_tried_again_once_its_value_changes_and_no_other(
    faults: dict[str, str], edited: set[str], says: str, changed: str
) -> None:
    pair = Pair(dict.fromkeys(faults, VALUE), says)
    pair.edit(**dict.fromkeys(edited, "new"))
    pair.rest()
    still = {name for name in edited - {changed} if name.title() in faults}
    pair.refused.pop(changed.title(), None)
    pair.edit(**{**dict.fromkeys(edited, "new"), changed: "newer"})
    assert pair.rest() == 1
    assert pair.lead[changed] == "newer"
    assert pair.held() == sorted(still)


@given(FAULTS, EDITS)
def test_a_refused_opt_out_goes_its_own_way(faults: dict[str, str], edited: set[str]) -> None:
    pair = Pair({**faults, "OptOut": VALUE})
    pair.edit(**dict.fromkeys(edited, "new"), opted_out=True)
    pair.rest()
    assert pair.lead["opted_out"] is None
    for kept in pair.outbox:
        assert "OptOut" not in {name for values, _ in kept.basis.get(SPARES, {}).get("refused", ()) for name in values}
    pair.refused = {}
    assert all(stands(MAPPING, o, pair.rows) for o in pair.outbox if o.state == PARKED)
