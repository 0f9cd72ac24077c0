"""merge() (SOAP guide): up to three records of one object become one.

The winner keeps its values unless the call gives others; the losers go to the bin and name the winner in
MasterRecordId; their children move.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.salesforce.dml.engine import Engine
from sandbox.salesforce.dml.family import CHILDREN, move_children
from sandbox.salesforce.dml.removal import bin_row
from sandbox.salesforce.dml.writer import Writer
from sandbox.salesforce.errors import RecordError

MOST_LOSERS = 2


def merge(
    engine: Engine,
    object_name: str,
    winner_id: str,
    values: Mapping[str, Any],
    loser_ids: Sequence[str],
    writer: Writer,
) -> list[str]:
    """Returns the ids of the children that moved."""
    if object_name not in CHILDREN:
        raise RecordError("INVALID_OPERATION", f"{object_name} records cannot be merged", ())
    if not 0 < len(loser_ids) <= MOST_LOSERS or winner_id in loser_ids:
        raise RecordError("INVALID_FIELD", "merge takes one or two records beside the master record", ())
    meta = engine.store.org.objects[object_name]
    winner = engine.target(object_name, winner_id)
    losers = [engine.target(object_name, each) for each in loser_ids]
    if object_name == "Lead" and any(row.values.get("IsConverted") for row in (winner, *losers)):
        raise RecordError("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", ())
    moved = [
        row.id
        for loser in losers
        for child, field in CHILDREN[object_name]
        for row in engine.store.shelf(child).live_matching(field, loser.id)
    ]
    for loser in losers:
        move_children(engine, object_name, loser.id, winner_id, writer)
        bin_row(engine, object_name, loser, writer, master=winner_id)
    engine.save(meta, winner, engine.prepare(meta, values, writer, False), writer)
    return moved
