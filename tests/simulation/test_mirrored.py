"""M5: two systems that are alike are swapped and the rules relabelled; what comes of it is the mirror image.

HubSpot and Salesforce are not alike, so this world has two plain systems under their names, and rules drawn by chance.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from connectors.memory import Memory, MemorySystem
from connectors.port import Field, Schema, Traits
from mapping.rules import FieldRule, KeyField, KindRule, Place
from state.store import open_store
from sync.engine import Engine
from tests.scenarios.stage import empty_state
from tests.simulation.runner import MEMORY
from tests.simulation.world import START

SIDES = ("hubspot", "salesforce")
OTHER = dict(zip(SIDES, reversed(SIDES), strict=True))
OBJECT = "people"
FREE = ("name", "phone", "title")
"""The fields whose rules are drawn."""
ADDRESSES = ("a@acme.example", "b@acme.example", "c@acme.example")
SEEDS = 40
SCHEMA = Schema(
    OBJECT,
    {
        "email": Field("email", "email", "email"),
        "other": Field("other", "other", "text", unique=True),
        **{name: Field(name, name, "text", length=80) for name in FREE},
    },
)


@dataclass(frozen=True)
class Tale:
    """Rules, and what people do between the runs: (side, address, fields) each."""

    fields: tuple[dict[str, Any], ...]
    turns: tuple[tuple[tuple[str, str, dict[str, str | None]], ...], ...]

    @classmethod
    def of(cls, seed: int) -> Tale:
        """By chance."""
        rng = random.Random(f"mirrored {seed}")
        fields = tuple(
            {
                "name": name,
                "to": frozenset(rng.choice([SIDES, SIDES, SIDES[:1], SIDES[1:]])),
                "winner": rng.choice(["latest", "latest", "review", "max", "min", *SIDES]),
                "clears": rng.choice(["authority", "both", "never"]),
                "first": rng.choice(["fill_blanks", "latest", *SIDES]),
                "tie": rng.choice(SIDES),
            }
            for name in FREE
        )
        values = ["x", "y", "z", None]
        turns = tuple(
            tuple(
                (rng.choice(SIDES), rng.choice(ADDRESSES), {name: rng.choice(values) for name in rng.sample(FREE, 2)})
                for _ in range(rng.randint(1, 5))
            )
            for _ in range(3)
        )
        return cls(fields, turns)

    @property
    def mirrored(self) -> Tale:
        """The same, with the systems swapped."""
        fields = tuple(
            {
                key: frozenset(map(OTHER.__getitem__, value)) if key == "to" else OTHER.get(value, value)
                for key, value in field.items()
            }
            for field in self.fields
        )
        return Tale(fields, tuple(tuple((OTHER[side], *rest) for side, *rest in turn) for turn in self.turns))  # type: ignore[misc]

    @property
    def rule(self) -> KindRule:
        """The rules, ready for an engine."""
        places = {name: {Place(side, OBJECT): name for side in SIDES} for name in ("email", *FREE)}
        email = FieldRule("email", "email", places["email"], frozenset(SIDES), clears="never", tie=SIDES[1])
        free = (FieldRule(type="text", places=places[drawn["name"]], **drawn) for drawn in self.fields)
        there = dict.fromkeys(SIDES, (OBJECT,))
        keys = tuple(KeyField(Place(side, OBJECT), "other", Place(OTHER[side], OBJECT)) for side in SIDES)
        always = dict.fromkeys(SIDES, "always")
        return KindRule("person", there, (email, *free), keys, create=always, create_as=dict.fromkeys(SIDES, OBJECT))


@dataclass
class Stage:
    """Two systems that are alike, and an engine."""

    tale: Tale
    folder: Path
    now: int = START
    systems: dict[str, MemorySystem] = field(init=False)

    def __post_init__(self) -> None:
        traits = Traits(50, 1, 0, compare_and_set=True, history=False)
        self.systems = {side: MemorySystem(side, lambda: self.now, [SCHEMA], traits=traits) for side in SIDES}

    def play(self) -> dict[str, Counter[tuple[str, ...]]]:
        """What each side holds in the end."""
        runs, rule = count(1), self.tale.rule
        (self.folder / "state.db").write_bytes(empty_state())
        with open_store(f"sqlite:///{self.folder}/state.db") as store:
            for turn in (*self.tale.turns, (), ()):
                for side, address, fields in turn:
                    self.now += 10_000
                    self._write(self.systems[side], address, fields)
                self.now += 1_000_000
                connectors = {side: Memory(system) for side, system in self.systems.items()}
                Engine(store, connectors, [rule], lambda: self.now, lambda: f"run-{next(runs)}").cycle()
        return {
            side: Counter(
                tuple(f"{name}={row.fields.get(name)}" for name in ("email", *FREE)) for row in system.live(OBJECT)
            )
            for side, system in self.systems.items()
        }

    def _write(self, system: MemorySystem, address: str, fields: dict[str, str | None]) -> None:
        row = system.holder(OBJECT, "email", address)
        if row is None:
            system.create(OBJECT, {"email": address, **fields})
        else:
            system.edit(OBJECT, row.ref.id, fields)


@contextmanager
def _folder() -> Iterator[Path]:
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        yield Path(folder)


def test_swapped_systems_and_rules_give_the_mirror_image() -> None:
    """M5"""
    for seed in range(SEEDS):
        tale = Tale.of(seed)
        with _folder() as one, _folder() as two:
            here, there = Stage(tale, one).play(), Stage(tale.mirrored, two).play()
        assert here == {side: there[OTHER[side]] for side in SIDES}, f"seed {seed}"
        assert sum(map(len, here.values())), "somebody is there"
