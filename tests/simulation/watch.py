"""What must hold after every run, finished or not: the mirror does not travel in time and the cursor leaves no gap.

S8 no time travel, S10 one flight, S11 cursor safety, L4 no poison; judged from the systems' rows and the tables alone.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from connectors.memory import Row
from tests.simulation import trade
from tests.simulation.words import FIELDS, PEOPLE, norm

if TYPE_CHECKING:
    from tests.simulation.life import Life

MIRRORED = ("email", "last_name", "phone", "title", "opted_out")


def watch(life: Life) -> None:
    """Note what is wrong in `life.violations`."""
    mirror = {
        (system, object, id): (version, state, now)
        for system, object, id, version, state, now in life.ask(
            "SELECT system, object, id, version_ms, state, now FROM record"
        )
    }
    _no_time_travel(life, mirror)
    _no_gap(life, mirror)
    _no_poison(life)
    for entity, system, count in life.ask(
        "SELECT entity, system, count(*) FROM operation WHERE state = 'sent' "
        "GROUP BY entity, system HAVING count(*) > 1"
    ):
        _say(life, "S10", entity, "", f"{count} operations sent to {system}")


def _no_poison(life: Life) -> None:
    """What is refused stops no other: only what a system refused is parked."""
    for entity, system, object, id, key in life.ask(
        "SELECT entity, system, object, id, key FROM operation WHERE state = 'parked'"
    ):
        target = str(id or (json.loads(key)[1] if key else ""))
        if (object, target) not in life.connectors[system].refused:
            _say(life, "L4", entity, "", f"a write to {object} {target} is parked, which {system} never refused")


def _no_time_travel(life: Life, mirror: dict[Any, Any]) -> None:
    for key, (version, _, _) in mirror.items():
        if version < life.versions.get(key, 0):
            _say(life, "S8", key, "", f"version went from {life.versions[key]} back to {version}")
        life.versions[key] = version


def _no_gap(life: Life, mirror: dict[Any, Any]) -> None:
    for system, object, watermark in life.ask(
        "SELECT system, object, watermark_ms FROM cursor WHERE watermark_ms IS NOT NULL"
    ):
        world = life.systems[system]
        for row in world.rows[object].values():
            hidden = row.deleted and row.moved_to is not None and world.survivor_is_new
            if row.version >= watermark or hidden:
                continue
            known = mirror.get((system, object, row.ref.id))
            if known is None:
                _say(life, "S11", row.ref, "", f"version {row.version} < watermark {watermark}, never observed")
            elif known[0] < row.version:
                _say(life, "S11", row.ref, "", f"version {row.version} < watermark {watermark}, known {known[0]}")
            elif known[0] == row.version and not row.deleted and known[1] not in ("deleted", "moved", "erased"):
                _same(life, row, json.loads(known[2]))


def _same(life: Life, row: Row, now: dict[str, Any]) -> None:
    """Settled and of the same version: then also of the same content (else the grain of time hid a change)."""
    people = row.ref.object in PEOPLE
    for name in set(MIRRORED) - life.reshaped if people else trade.FIELDS[row.ref.object].keys() & {*trade.TEXTS}:
        if people:
            held, known = norm(name, row.fields.get(FIELDS[name][row.ref.system])), norm(name, now.get(name))
        else:
            held = trade.plain(row.fields.get(trade.FIELDS[row.ref.object][name]))
            known = trade.plain(now.get(name))
        if held != known:
            _say(life, "S11", row.ref, name, f"settled as {held!r}, known as {known!r}")


def _say(life: Life, invariant: str, entity: object, name: str, what: str) -> None:
    line = f"seed={life.seed} invariant={invariant} entity {entity} field {name} history {what}"
    if line not in life.violations:
        life.violations.append(line)
