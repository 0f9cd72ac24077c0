"""People who ask to be erased, in a simulated life; and the judge of what is left of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from connectors.errors import SyncError
from sync.trust.explain import NotFoundError
from sync.trust.privacy import Privacy

if TYPE_CHECKING:
    from tests.simulation.life import Life

LEASE_MS = 15 * 60_000


def erase(life: Life, address: str) -> bool:
    """Somebody runs `smarketing erase ADDRESS`.  False: it could not be done now."""
    from tests.simulation.life import Crash, Life

    Life.current = life
    life.say(f"erase {address}")
    try:
        engine = life.engine()
        store = engine.store
        privacy = Privacy(store, life.connectors, engine.planner(life.rule).mapping)
        lease = store.lease("sync", "erase", life.now, LEASE_MS)
        try:
            receipt = privacy.erase(lease, privacy.find(address), life.new_run(), life.now, f"salt{life.seed}")
        finally:
            store.release(lease)
    except Crash:
        life.close()
        return False
    except NotFoundError:
        return True
    except SyncError:
        return False
    if receipt["state"]["blocked"]:
        life.mark("erased")
        life.erased_at[address] = life.now
    return bool(receipt["state"]["blocked"])


def remembered(life: Life) -> Iterator[tuple[str, object, str, str]]:
    """S14: who was erased is not made again, and nothing here says their address any more."""
    kept = {
        "record": "SELECT now || coalesce(shadow, '') FROM record WHERE state = 'erased'",
        "journal": "SELECT became FROM journal WHERE entity NOT IN (SELECT coalesce(entity, '') FROM record)",
        "operation": "SELECT fields FROM operation WHERE entity NOT IN (SELECT coalesce(entity, '') FROM record)",
    }
    for table, query in kept.items() if life.erased_at else ():
        for (found,) in life.ask(query):
            for address in life.erased_at:
                if address in found:
                    yield "S14", address, "", f"{table} still says {found}"
    for name, system in life.systems.items():
        for object in ("contacts", "Lead", "Contact"):
            for row in system.rows.get(object, {}).values():
                born = {entry.field: entry.value for entry in row.history if entry.at == row.created}
                held = str(born.get("email") or born.get("Email") or "").lower()
                at = life.erased_at.get(held)
                ours = row.history and row.history[0].by == "sync" and row.ref not in life.made_late
                if at is not None and ours and row.created > at + life.profile.ahead * (name == "salesforce"):
                    yield "S14", row.ref, "", f"{held} was erased at {at}, and is made again at {row.created}"
