"""A scripted life: the same world and engine as a `Life`, but who acts when, and what breaks, is written down.

For the smallest story of a bug that the simulator found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from connectors.port import Write
from tests.simulation.homes import template
from tests.simulation.life import Crash, Life

Deed = Callable[[], object]


class Scene(Life):
    """Nothing happens but what `on` and `lose` say.  Times between cycles are long unless told otherwise."""

    def __init__(self, folder: Path, phone: str = "two_way", title: str = "two_way", batch: int = 100) -> None:
        super().__init__(0, folder, template(folder), frozen=True, batch=batch, rules=(phone, title))
        self._script: list[tuple[str, Deed]] = []
        self._losing, self._after = "", 0
        self.loom.chance = 1.0

    def on(self, boundary: str, deed: Deed) -> None:
        """Do this at the next boundary of this name."""
        self._script.append((boundary, deed))

    def lose(self, fate: str = "lost_after", after: int = 20_000) -> None:
        """The answer to the next batch of writes is lost, before or after its effect; `late`: its effect comes
        so many ms after nobody waits for it any more."""
        self._losing, self._after = fate, after

    def crash(self) -> None:
        """The process dies; for `on`."""
        self._acting, self._dead = False, True
        raise Crash

    def step(self, name: str) -> None:
        self.now += 1
        if self._acting:
            return
        self._arrive()
        for entry in [entry for entry in self._script if entry[0] == name][:1]:
            self._script.remove(entry)
            self._acting = True
            entry[1]()
            self._acting = False

    def fate(self, writes: Sequence[Write]) -> str:
        fate, self._losing = self._losing, ""
        if fate:
            self.lost += 1
            for write in writes:
                self.lost_on[write.object, str(write.id or (write.key.value if write.key else ""))] += 1
        if fate == "late":
            self._late += [(self.now + self._after, write) for write in writes]
            return "lost_before"
        return fate

    def turn(self, wait: int = 700_000) -> None:
        """Time passes, then one cycle."""
        self.passes(wait)
        self.cycle()

    def rest(self) -> None:
        """Cycles until nothing is left to do."""
        for _ in range(4):
            self.turn()
        self.quiet = True

    def contact(self, **fields: object) -> str:
        """Someone makes a HubSpot contact that sales should see."""
        base = {"email": "ann@acme.example", "lastname": "Abel", "company": "Acme", "lifecyclestage": "opportunity"}
        return self.hubspot.create("contacts", {**base, **fields})

    def lead(self, **fields: object) -> str:
        """Someone makes a Salesforce lead."""
        base = {"Email": "ann@acme.example", "LastName": "Abel", "Company": "Acme", "Status": "Open - Not Contacted"}
        return self.salesforce.create("Lead", {**base, **fields})

    def value(self, system: str, object: str, id: str, name: str) -> object:
        """What a record holds now."""
        return self.systems[system].rows[object][id].fields.get(name)
