"""References in the world in memory: what points at what, and what becomes of it."""

from __future__ import annotations

from connectors.memory import Memory, MemorySystem
from connectors.port import PARENT_GONE, Applied, Field, Record, Rejected, Schema, Traits, Write
from tests.conformance.systems import START

COMPANY = Schema("companies", {"name": Field("name", "Name", "text")})
DEAL = Schema(
    "deals",
    {
        "name": Field("name", "Name", "text"),
        "account": Field("account", "Account", "reference", references=("companies",)),
        "@company": Field("@company", "Company", "reference", references=("companies",), silent=True),
        "@others": Field("@others", "Others", "references", references=("companies",), silent=True),
    },
)
FIELDS = tuple(DEAL.fields)


class Stage:
    """Companies, deals that point at them, and a clock."""

    def __init__(self) -> None:
        self.now = START
        traits = Traits(10, 1, 0, compare_and_set=False, history=True)
        self.system = MemorySystem("memory", lambda: self.now, [COMPANY, DEAL], traits=traits)
        self.connector = Memory(self.system)
        self.acme, self.globex = (self.system.create("companies", {"name": name}) for name in ("Acme", "Globex"))

    def deal(self, **fields: object) -> Record:
        (outcome,) = self.connector.write([Write("deals", None, fields)], FIELDS)
        assert isinstance(outcome, Applied)
        return outcome.record

    def look(self, id: str) -> Record:
        (record,) = self.connector.read("deals", FIELDS, ids=[id])
        return record

    def listed(self, id: str) -> Record:
        pages = self.connector.changes("deals", FIELDS, None)
        return next(record for page in pages for record in page.records if record.ref.id == id)


def test_references_are_stored_sorted_and_once() -> None:
    stage = Stage()
    both = [stage.globex, stage.acme, stage.globex]
    deal = stage.deal(account=stage.acme, **{"@company": stage.globex, "@others": both})
    assert deal.fields["account"] == stage.acme
    assert deal.fields["@company"] == stage.globex
    assert deal.fields["@others"] == sorted({stage.acme, stage.globex})
    assert stage.look(deal.ref.id).fields == stage.listed(deal.ref.id).fields == deal.fields


def test_11_a_reference_to_nothing_is_rejected_by_name() -> None:
    stage = Stage()
    stage.system.delete("companies", stage.globex)
    for fields in ({"account": "7"}, {"@company": stage.globex}, {"@others": [stage.acme, stage.globex]}):
        (outcome,) = stage.connector.write([Write("deals", None, fields)], FIELDS)
        assert isinstance(outcome, Rejected)
        assert (outcome.code, outcome.fields) == (PARENT_GONE, tuple(fields))
    assert not stage.system.live("deals")


def test_a_silent_reference_moves_no_version_and_shows_in_a_listing() -> None:
    stage = Stage()
    deal = stage.deal(**{"@company": stage.acme})
    stage.now += 1_000
    (outcome,) = stage.connector.write([Write("deals", deal.ref.id, {"@company": stage.globex})], FIELDS)
    assert isinstance(outcome, Applied)
    assert outcome.record.version == deal.version
    assert stage.listed(deal.ref.id).fields["@company"] == stage.globex
    stage.system.edit("deals", deal.ref.id, {"account": stage.acme})
    assert stage.look(deal.ref.id).version > deal.version


def test_what_points_at_a_binned_record_reads_as_blank_until_it_is_back() -> None:
    stage = Stage()
    deal = stage.deal(account=stage.acme, **{"@others": [stage.acme, stage.globex]})
    stage.system.delete("companies", stage.acme)
    binned = stage.look(deal.ref.id).fields
    assert (binned["account"], binned["@others"]) == (None, [stage.globex])
    stage.system.restore("companies", stage.acme)
    assert stage.look(deal.ref.id).fields == deal.fields


def test_what_pointed_at_a_merged_record_points_at_its_heir() -> None:
    stage = Stage()
    deal = stage.deal(account=stage.acme, **{"@others": [stage.acme, stage.globex]})
    stage.now += 1_000
    stage.system.merge("companies", stage.globex, stage.acme)
    merged = stage.look(deal.ref.id)
    assert (merged.fields["account"], merged.fields["@others"]) == (stage.globex, [stage.globex])
    assert merged.version > deal.version


def test_associations_have_no_history() -> None:
    stage = Stage()
    deal = stage.deal(name="Big", **{"@company": stage.acme})
    told = stage.connector.history("deals", [deal.ref.id], FIELDS)
    assert list(told[deal.ref.id]) == ["name"]
