"""What follows when a record was deleted on one side: nothing, a mark, or the counterpart goes to its bin as well.

A deletion is evidence, not an order: the policy of the configuration says what it means.  Only a pair that had met, and
whose other record nobody changed since, is ever put into the bin, and nobody who came back by themselves; what we put
there ourselves asks for nothing more.  Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mapping.rules import Place, is_ours
from state.rows import DELETED, SENT, OperationRow, Row
from sync.decide.decision import HELD, Decision, Draft, Question, Why, leave_refused, refused, tried

if TYPE_CHECKING:
    from sync.plan import Planner

FLAG, BIN = "flag", ("archive", "delete")
EVENT, MARK = "@event", "@deleted"
"""Names under which a record's moments are remembered: the person's last own doing, and our mark of a deletion."""
ARCHIVED = "@archived"
RECREATE = "recreate"


def returns(planner: Planner, system: str, rows: Sequence[Row], live: Mapping[str, Row], decision: Decision) -> bool:
    """Whether somebody who was deleted in this system may be made there again: they came back by themselves."""
    gone = _deleted(system, rows)
    policy = planner.mapping.rule.recreate
    if gone is None or policy == "never":
        return False
    back = next((row for row in live.values() if _came_back(row, gone)), None)
    if back is None:
        return False
    if policy == "ask":
        detail = {
            "code": "DELETED_AND_BACK",
            "value": None,
            "target": f"{system} {gone.object}",
            "fix": f"the person came back by themselves after their {system} record was deleted: restore it there, "
            'or set person.on_delete.recreate = "yes"',
        }
        decision.questions.append(Question(RECREATE, back.system, back.object, back.id, None, detail))
    return policy == "yes"


def _came_back(row: Row, gone: Row) -> bool:
    """Whether the person did something by themselves after their record was deleted."""
    return bool((row.now.get(EVENT) or 0) > gone.version_ms)


def after_deletion(
    planner: Planner,
    rows: Sequence[Row],
    live: Mapping[str, Row],
    opens: Mapping[str, OperationRow],
    decision: Decision,
) -> None:
    """What the deletion of a counterpart means for the records that are left, and what its return does."""
    if not any(row.state == DELETED or MARK in row.now for row in rows):
        return
    for system, row in live.items():
        policy = planner.mapping.rule.on_delete.get(system)
        gone = next(
            (g for other in planner.mapping.rule.objects if (g := _deleted(other, rows)) and other != system), None
        )
        there = [other for other in live if other != system]
        if policy in BIN and gone is not None and not there:
            _bin(planner, row, gone, opens.get(system), decision)
        elif MARK in planner.mapping.moments(Place(system, row.object)):
            _mark(planner, row, None if there or policy != FLAG else gone, opens.get(system), decision)


def _bin(planner: Planner, row: Row, gone: Row, open_: OperationRow | None, decision: Decision) -> None:
    if gone.shadow is None or row.shadow is None or _came_back(row, gone) or _busy(row.system, open_, decision):
        return
    edited = _edited(planner, row)
    if edited or _touched(planner, row, gone):
        detail = {
            "code": "DELETED_AND_EDITED",
            "native": ", ".join(edited),
            "value": None,
            "target": f"{row.system} {row.object}",
            "fix": f"its {gone.system} record was deleted, and this one was changed since: delete it by hand, or "
            "restore the other",
        }
        decision.questions.append(Question(HELD, row.system, row.object, row.id, None, detail))
        return
    if not planner.settled(row):
        decision.waits = True
        return
    if open_ is not None and refused(open_, row.id, {}):
        leave_refused(decision, open_)
        return
    why = Why(None, True, "on_delete", f"its {gone.system} record was deleted")
    draft = Draft(
        row.system, row.object, row.id, {}, {ARCHIVED: why}, {}, row.version_ms, None, tried(open_), archive=True
    )
    decision.drafts.append(draft)


def _edited(planner: Planner, row: Row) -> list[str]:
    """The fields that hold something else than when the sides last agreed.  A record that took over the place of a
    lead or of one merged into it came with what was agreed of that one, and nobody saw when it was changed."""
    place, agreed = Place(row.system, row.object), row.shadow or {}
    other = (
        n for n, was in agreed.items() if not is_ours(n) and planner.mapping.changed(place, n, row.now.get(n), was)
    )
    return sorted({*row.spans, *other})


def _touched(planner: Planner, row: Row, gone: Row) -> bool:
    """Whether it may have changed after the other was deleted.  Whoever did it, and be it ourselves: what was agreed
    upon meanwhile may hold what people did."""
    deleted, _ = planner.interval(gone.system, gone.version_ms, gone.version_ms)
    _, changed = planner.interval(row.system, row.version_ms, row.version_ms)
    return changed > deleted


def _mark(planner: Planner, row: Row, gone: Row | None, open_: OperationRow | None, decision: Decision) -> None:
    held, wanted = row.now.get(MARK), gone.version_ms // 1000 * 1000 if gone is not None else None
    if (held is None) == (wanted is None) or _busy(row.system, open_, decision):
        return
    if not planner.settled(row):
        decision.waits = True
        return
    native = planner.mapping.encode_moment(Place(row.system, row.object), MARK, wanted)
    if open_ is not None and refused(open_, row.id, native):
        leave_refused(decision, open_)
        return
    reason = "its counterpart is there again" if gone is None else f"its {gone.system} record was deleted"
    why = Why(held, wanted, "on_delete", reason)
    decision.drafts.append(
        Draft(row.system, row.object, row.id, native, {MARK: why}, {}, row.version_ms, None, tried(open_))
    )


def _busy(system: str, open_: OperationRow | None, decision: Decision) -> bool:
    """Whether something else is on its way to this system: one after the other."""
    busy = (open_ is not None and open_.state == SENT) or any(draft.system == system for draft in decision.drafts)
    decision.waits = decision.waits or busy
    return busy


def _deleted(system: str, rows: Sequence[Row]) -> Row | None:
    """The record of this system that was deleted last; what was merged or converted lives on elsewhere."""
    gone = [row for row in rows if row.system == system and row.state == DELETED]
    return max(gone, key=lambda row: row.version_ms, default=None)
