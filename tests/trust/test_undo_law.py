"""The law of undo: a run that was taken back and let go is proposed again, word by word.  Real engine, two systems in
memory, any rules, any edits on both sides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors.memory import Memory
from connectors.port import Write
from state.rows import OperationRow
from state.store import open_store
from sync.engine import Engine
from sync.trust.plans import words
from sync.trust.undoing import UNDONE, Wish
from tests.scenarios.stage import empty_state
from tests.simulation.world import SETTINGS, START, hubspot, rules_of, salesforce

FIELDS = {"phone": ("phone", "Phone"), "title": ("jobtitle", "Title"), "last_name": ("lastname", "LastName")}
VALUES = st.sampled_from(["", "a", "b", "c"])


class Calm:
    """Nothing goes wrong."""

    def step(self, name: str) -> None:
        """Nobody does anything."""

    def outage(self) -> str:
        return ""

    def fate(self, writes: Sequence[Write]) -> str:
        return ""

    def refusal(self) -> str:
        return ""

    def delay(self) -> int:
        return 0


class World:
    """Two people in both systems, and an engine."""

    def __init__(self, folder: Path, phone: str, title: str) -> None:
        self.now = START
        calm = Calm()
        self.hubspot, self.salesforce = hubspot(lambda: self.now, calm), salesforce(lambda: self.now, calm)
        (folder / "state.db").write_bytes(empty_state())
        self.rules = [rules_of(phone, title)]
        self.folder, self.runs = folder, count(1)
        self.ids: list[tuple[str, str]] = []
        self.start()

    def start(self) -> None:
        """Another process."""
        self.store = open_store(f"sqlite:///{self.folder}/state.db")
        self.engine = Engine(
            self.store,
            {system.name: Memory(system) for system in (self.hubspot, self.salesforce)},
            self.rules,
            lambda: self.now,
            lambda: f"run-{next(self.runs)}",
        )

    def couple(self, n: int, here: Sequence[str], there: Sequence[str]) -> None:
        """Somebody in both systems who never met."""
        address = f"p{n}@acme.example"
        names = list(FIELDS.values())
        one: dict[str, Any] = {"email": address, **{h: v or None for (h, _), v in zip(names, here, strict=True)}}
        other: dict[str, Any] = {"Email": address, "Company": "Acme"}
        other |= {s: v or None for (_, s), v in zip(names, there, strict=True)}
        one["lastname"], other["LastName"] = here[2] or "x", there[2] or "x"
        self.ids.append((self.hubspot.create("contacts", one), self.salesforce.create("Lead", other)))

    def edit(self, n: int, side: int, name: str, value: str) -> None:
        """Somebody changes a field."""
        self.pass_by(7_000)
        native = FIELDS[name][side]
        text = value or ("x" if name == "last_name" else None)
        if side == 0:
            self.hubspot.edit("contacts", self.ids[n][0], {native: text})
        else:
            self.salesforce.edit("Lead", self.ids[n][1], {native: text})

    def pass_by(self, ms: int = 300_000) -> None:
        """Time passes."""
        self.now += ms

    def values(self) -> list[Any]:
        """What both systems hold in the fields that rules are about."""
        return [
            (dict(self.hubspot.rows["contacts"][here].fields), dict(self.salesforce.rows["Lead"][there].fields))
            for here, there in self.ids
        ]

    def plan(self) -> dict[bytes, OperationRow]:
        """What would be written to what people entered, in its words."""
        self.pass_by()
        found = list(self.engine.plan().operations)
        return {words(one): one for one in found if any(name[0] != "@" for name in one.fields)}


@contextmanager
def world(phone: str, title: str) -> Iterator[World]:
    """Gone at the end."""
    with TemporaryDirectory(prefix="undo-") as folder:
        made = World(Path(folder), phone, title)
        try:
            yield made
        finally:
            made.store.close()


people = st.tuples(*[st.tuples(VALUES, VALUES, VALUES)] * 2)
edits = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1), st.sampled_from(list(FIELDS)), VALUES), max_size=6)
rules = st.sampled_from(list(SETTINGS))


ALIKE = ((("a", "a", "a"),) * 2,) * 2
FIRST_HERE, FIRST_THERE = [(0, side, "phone", str(side)) for side in (0, 1)], [(0, s, "phone", str(s)) for s in (1, 0)]


@settings(max_examples=15, deadline=None)
@example("two_way", "default", ALIKE, True, FIRST_HERE)
@example("two_way", "default", ALIKE, True, FIRST_THERE)
@example("crm_decides", "default", ALIKE, True, FIRST_THERE)
@given(rules, rules, st.tuples(people, people), st.booleans(), edits)
def test_what_was_taken_back_and_let_go_is_proposed_again(
    phone: str, title: str, two: Any, met: bool, edited: list[tuple[int, int, str, str]]
) -> None:
    with world(phone, title) as life:
        for n, (here, there) in enumerate(two):
            life.couple(n, here, there)
        if met:
            life.pass_by()
            life.engine.cycle()
            life.pass_by()
            life.engine.cycle()
        for one in edited:
            life.edit(*one)
        proposed, before = life.plan(), _entered(life.values())
        life.pass_by()
        run = life.engine.cycle().run
        life.pass_by()
        left = life.engine.undo(Wish(run)).left
        assert not left
        assert _entered(life.values()) == before
        for _ in range(2):
            life.pass_by()
            life.engine.cycle()
            assert _entered(life.values()) == before, "nothing is redone by itself"
        held = life.engine.let_go(Wish(run))
        assert (held > 0) == bool(proposed)
        assert life.plan().keys() == proposed.keys()
        life.pass_by()
        life.engine.cycle()
        assert not life.store.reviews(question=UNDONE)


def _entered(values: list[Any]) -> list[Any]:
    """Without the sync keys and our own fields, which an undo leaves."""
    return [
        [{name: side.get(name) for name in (*dict(FIELDS.values()), *dict(FIELDS.values()).values())} for side in both]
        for both in values
    ]


@pytest.mark.parametrize("side", [0, 1])
def test_an_edit_lets_go_by_itself(side: int) -> None:
    with world("default", "default") as life:
        life.couple(0, ("1", "a", "x"), ("1", "a", "x"))
        for _ in range(2):
            life.pass_by()
            life.engine.cycle()
        life.edit(0, 0, "phone", "2")
        life.pass_by()
        run = life.engine.cycle().run
        life.pass_by()
        life.engine.undo(Wish(run))
        assert life.salesforce.rows["Lead"][life.ids[0][1]].fields["Phone"] == "1"
        life.pass_by()
        life.edit(0, side, "phone", "3")
        for _ in range(2):
            life.pass_by()
            life.engine.cycle()
        assert life.salesforce.rows["Lead"][life.ids[0][1]].fields["Phone"] == "3"
        assert life.hubspot.rows["contacts"][life.ids[0][0]].fields["phone"] == "3"
        assert not life.store.reviews(question=UNDONE)
