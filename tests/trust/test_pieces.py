"""A plan of hundreds of writes, killed again and again, ends where one that nobody interrupted ends; also where people
go on working between the pieces."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.console.planned import Shown
from sync.report import Report
from sync.trust.approving import Approved
from sync.trust.plans import Made, Saved, document, save
from tests.trust.lives import Careful, Crash, careful
from tests.trust.test_undo_law import World, world

COUPLES, NEW = 60, 150
WRITES = 80 + NEW
BATCH = 20
"""Writes in one call: many boundaries."""
SEEN = {
    "hubspot": ("email", "lastname", "company", "city", "phone", "jobtitle", "lifecyclestage"),
    "salesforce": ("Email", "LastName", "Company", "City", "Phone", "Title", "Status"),
}
MOST_PIECES = 200


def _begin(life: Careful) -> list[tuple[str, str]]:
    """Everybody in place: couples that agree, edited on either side or both, and people who are new in either."""
    couples = [(life.contact(f"old{n}", city="Bonn"), life.lead(f"old{n}")) for n in range(COUPLES)]
    for _ in range(2):
        life.later()
        life.sync()
    life.later()
    for n, (contact, lead) in enumerate(couples):
        if n % 3 != 1:
            life.edit("hubspot", "contacts", contact, city=f"Ulm {n}")
        if n % 3:
            life.edit("salesforce", "Lead", lead, Phone=f"+49 30 555{n:04}")
    for n in range(NEW):
        life.contact(f"new{n}") if n % 3 else life.lead(f"new{n}")
    life.later()
    return couples


def _in_pieces(life: Careful, plan: Path, dice: random.Random, between: Callable[[], None]) -> tuple[Report, int]:
    """Apply until it comes to its end, killed each time at a random boundary.  (The last report, how many pieces)"""
    for piece in range(1, MOST_PIECES):
        left = [dice.randrange(1, 20 + 4 * piece)]

        def crash(_: str, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise Crash

        life.later()
        try:
            report = life.apply(plan, crash, batch=BATCH)
        except Crash:
            life.reopen()
            between()
        else:
            assert report.plan is not None
            # A creation whose answer was lost is awaited for a while.
            if not report.plan["waiting"]:
                return report, piece
    raise AssertionError("it comes to no end")


def _people(life: Careful) -> dict[tuple[str, str], list[Any]]:
    """(side, address) → what people see of each record there."""
    found: dict[tuple[str, str], list[Any]] = {}
    for (side, _, _), (values, archived) in life.snapshot().items():
        address = values.get("email") or values.get("Email")
        seen = {name: values.get(name) for name in SEEN[side]}
        found.setdefault((side, str(address).lower()), []).append((seen, archived))
    return found


def _settle(life: Careful) -> dict[tuple[str, str], list[Any]]:
    """What a later sync makes of it; it comes to rest."""
    for _ in range(3):
        life.later()
        last = life.sync()
    assert last.changed == 0
    return _people(life)


def test_any_pieces_end_as_one(tmp_path: Path) -> None:
    dice = random.Random(0)
    with careful() as whole, careful() as parts:
        _begin(whole)
        _begin(parts)
        at_once = whole.apply(whole.save(tmp_path / "whole.json"))
        report, pieces = _in_pieces(parts, parts.save(tmp_path / "parts.json"), dice, lambda: None)
        assert pieces > 5
        assert at_once.plan is not None
        assert report.plan == {**at_once.plan, "plan": (report.plan or {})["plan"]}
        assert (report.plan["written"], report.plan["replanned"]) == (WRITES, [])
        assert _people(parts) == _people(whole)
        assert _settle(parts) == _settle(whole)


def test_people_who_work_between_the_pieces_are_never_overwritten(tmp_path: Path) -> None:
    dice = random.Random(0)
    with careful() as whole, careful() as parts:
        couples, twins = _begin(parts), _begin(whole)
        whole.apply(whole.save(tmp_path / "whole.json"))
        untouched = _people(whole)
        edits: list[tuple[int, str, str, str, str]] = []

        def work() -> None:
            n, side, value = dice.randrange(COUPLES), dice.randrange(2), f"Hof {len(edits)}"
            if n in {edit[0] for edit in edits}:
                return
            where = [("hubspot", "contacts", "city"), ("salesforce", "Lead", "City")][side]
            edits.append((n, *where, value))
            parts.edit(*where[:2], couples[n][side], **{where[2]: value})

        report, _ = _in_pieces(parts, parts.save(tmp_path / "parts.json"), dice, work)
        assert report.plan is not None
        assert report.plan["written"] + len(report.plan["replanned"]) == WRITES
        for n, side, object, name, value in edits:
            assert parts.value(side, object, couples[n][side == "salesforce"], name) == value
        theirs = {f"old{edit[0]}@prospect.example" for edit in edits}
        assert {who: kept for who, kept in _people(parts).items() if who[1] not in theirs} == {
            who: kept for who, kept in untouched.items() if who[1] not in theirs
        }
        # Those who wait for nobody else end as they would have, had nobody interrupted anything.
        for n, side, object, name, value in edits:
            whole.later()
            whole.edit(side, object, twins[n][side == "salesforce"], **{name: value})
        assert _settle(parts) == _settle(whole)


def test_a_write_that_was_never_made_is_no_flip(tmp_path: Path) -> None:
    with careful() as life:
        contact, lead = life.couple("ann", city="Bonn")
        life.edit("hubspot", "contacts", contact, city="Ulm")
        life.later()
        plan = life.save(tmp_path / "plan.json")

        def crash(name: str) -> None:
            if name == "apply:salesforce:sent":
                raise Crash

        for _ in range(5):
            life.later()
            with pytest.raises(Crash):
                life.apply(plan, crash)
            life.reopen()
        life.later()
        life.apply(plan)
        assert life.value("salesforce", "Lead", lead, "City") == "Ulm"
        assert not life.held()


IN_MEMORY = 200


def _full(life: World) -> None:
    """Half of them in step and edited on one side, half of them new."""
    for n in range(IN_MEMORY // 2):
        life.couple(n, ("1", "a", "x"), ("1", "a", "x"))
    for _ in range(2):
        life.pass_by()
        life.engine.cycle()
    for n in range(IN_MEMORY // 2):
        life.edit(n, n % 2, "phone", str(2 + n))
        life.hubspot.create(
            "contacts", {"email": f"new{n}@acme.example", "lastname": "New", "lifecyclestage": "opportunity"}
        )
    life.pass_by()


def _saved(life: World, file: Path) -> Approved:
    dry = life.engine.plan()
    shown = Shown(dry, {})
    engine = life.engine
    made = Made(engine.run, life.now, life.now + 86_400_000, False, engine.accounts, engine.decides_by)
    save(file, made, document(dry, shown.held(), shown.summary()))
    return Approved(Saved(file))


def _told(life: World) -> list[Any]:
    """Everything people entered, and who is paired with whom."""
    contacts = {row.ref.id: row.fields for row in life.hubspot.live("contacts")}
    leads = {row.fields["SMK_HubSpot_Id__c"]: row.fields for row in life.salesforce.live("Lead")}
    told = []
    for id, contact in contacts.items():
        lead = leads.pop(id)
        told.append(
            [contact.get(n) for n in ("email", "lastname", "phone")]
            + [lead.get(n) for n in ("Email", "LastName", "Phone")]
        )
    assert not leads
    return sorted(told)


@settings(max_examples=3, deadline=None)
@given(st.lists(st.integers(0, 40), max_size=10), st.integers(5, 60))
def test_any_pieces_end_as_one_in_memory(pieces: list[int], batch: int) -> None:
    with world("two_way", "default") as whole, world("two_way", "default") as parts, TemporaryDirectory() as folder:
        results = []
        for life, cuts in ((whole, []), (parts, pieces)):
            _full(life)
            life.engine.batch = batch
            approved = _saved(life, Path(folder) / "plan.json")
            for cut in cuts:
                left = [cut]

                def crash(_: str, left: list[int] = left) -> None:
                    left[0] -= 1
                    if left[0] < 0:
                        raise Crash

                life.pass_by()
                life.engine.step = crash
                try:
                    life.engine.cycle(approved.job, approved=approved)
                except Crash:
                    life.store.close()
                    life.start()
                    life.engine.batch = batch
            life.engine.step = lambda _: None
            told = None
            while told is None or told["waiting"]:
                life.pass_by()
                told = life.engine.cycle(approved.job, approved=Approved(approved.saved)).plan
            results.append((told["written"], told["replanned"], _told(life)))
        assert results[0] == results[1]
        assert results[0][:2] == (IN_MEMORY, [])
