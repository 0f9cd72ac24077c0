"""What those who run the service are told: what has stopped or goes wrong, and that it is over; each once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from connectors.errors import Exhausted, LeaseLost, SyncError, Unauthorised
from insight.alerts import AUTH, DAY, ERRORS, HOUR, LAG, PAUSED, UNMAPPED, Alert, notice
from insight.reports.facts import day_of
from sync.trust.guard import PAUSED as QUESTION
from sync.trust.guard import pause_of
from sync.trust.pausing import pauses

if TYPE_CHECKING:
    from sync.engine import Engine

MARK = "ops"
"""The document that holds what was told to go wrong and is not over yet."""
JOBS = ("sync", "reconcile", "learn")
"""What runs by itself; who calls anything else sees how it ends."""
LATE = HOUR
"""What was read last may be so old."""
RUNS, IN_A_ROW = 20, 3
"""So many runs are looked at; so many that fail one after the other are no accident."""
FEW, OFTEN = 20, 0.05
"""Refused writes that are told of: at least so many, and more than this share of all."""


class Trouble(NamedTuple):
    """Something that goes wrong."""

    type: str
    about: str
    """What tells it from others of its type."""
    title: str
    text: str = ""

    @property
    def key(self) -> str:
        return f"{self.type}|{self.about}"


def stopped(engine: Engine) -> list[Alert]:
    """Everything that is paused now, and what was let go in the last day."""
    now, store = engine.now(), engine.store
    found = [
        notice(PAUSED, f"{one.fingerprint}|{one.since}", "", now, f"Paused: {one.why}", f"{one.cause}. {one.fix}")
        for one in pauses(store)
    ]
    for review in store.answered(QUESTION, now - DAY):
        one = pause_of(review)
        cause = f"{one.fingerprint}|{one.since}|over"
        found.append(notice(PAUSED, cause, "", now, f"Goes on: {one.why}", str(review.answer)))
    return found


def changed(engine: Engine, error: SyncError | None = None) -> list[Alert]:
    """What goes wrong since this run, and what is over since then.  error: what ended the run before its end."""
    now, store = engine.now(), engine.store
    before = store.model(MARK) or {}
    troubles = {one.key: one for one in _troubles(engine, error)}
    after = {key: before.get(key, {"since": now, "title": one.title}) for key, one in troubles.items()}
    # A run that did not come to its end shows that something is wrong, never that something is right again.
    kept = before if error is not None else {}
    if (after := {**kept, **after}) != before:
        store.keep_model(engine.lease, MARK, now, after)
    since = {key: after[key]["since"] for key in troubles}
    return [
        *(notice(one.type, f"{key}|{since[key]}", "", now, one.title, one.text) for key, one in troubles.items()),
        *(
            notice(
                key.partition("|")[0], f"{key}|{one['since']}|over", "", now,
                f"Over: {one['title']}", f"It began on {day_of(one['since'])}.",
            )
            for key, one in before.items()
            if key not in after
        ),
    ]  # fmt: skip


def _troubles(engine: Engine, error: SyncError | None) -> Iterator[Trouble]:
    if isinstance(error, Unauthorised):
        yield Trouble(AUTH, "", f"No access: {error}", "`smarketing check` says what is missing.")
    else:
        yield from _failing(engine, error)
    yield from _late(engine)
    yield from _refused(engine)
    for (system, field), records in engine.store.unmapped().items():
        told = f"Values of {field} in {system} have no counterpart on the other side ({records:,} held)"
        yield Trouble(UNMAPPED, f"{system}|{field}", told, "`smarketing errors list` names the values and the fix.")


def _failing(engine: Engine, error: SyncError | None) -> Iterator[Trouble]:
    if error is None or isinstance(error, Exhausted):
        return
    earlier = [run for run in engine.store.runs(RUNS) if run.id != engine.run and run.job in JOBS]
    lately = earlier[: IN_A_ROW - 1]
    if len(lately) == IN_A_ROW - 1 and all(run.outcome == "failed" for run in lately):
        yield Trouble(ERRORS, "runs", f"The last {IN_A_ROW} runs failed: {error}", "`smarketing status` lists them.")


def _late(engine: Engine) -> Iterator[Trouble]:
    places = {(s, o) for rule in engine.rules for s, objects in rule.objects.items() for o in objects}
    oldest: dict[str, int] = {}
    for cursor in engine.store.cursors():
        if (cursor.system, cursor.object) in places and cursor.watermark_ms is not None:
            oldest[cursor.system] = min(cursor.watermark_ms, oldest.get(cursor.system, cursor.watermark_ms))
    for system, read in oldest.items():
        if (age := engine.now() - read) > LATE:
            told = f"Not everything that changed in {system} was read in the last {age // HOUR:,} h"
            yield Trouble(LAG, system, told, "`smarketing status` says what keeps it.")


def _refused(engine: Engine) -> Iterator[Trouble]:
    now = engine.now()
    refused, all_ = engine.report.failed, engine.report.failed + engine.report.changed
    for run in engine.store.runs(RUNS):
        if run.id != engine.run and run.started_ms > now - DAY:
            for side in (side for kind in run.counts.get("objects", {}).values() for side in kind.values()):
                refused, all_ = refused + side["written"]["failed"], all_ + sum(side["written"].values())
    if refused >= FEW and refused > OFTEN * all_:
        told = f"{refused:,} of the last {all_:,} writes were refused"
        yield Trouble(ERRORS, "writes", told, "`smarketing errors list` says why, and what puts it right.")


def alarm(engine: Engine, error: SyncError) -> None:
    """Tell what ended a run before its end; by channels alone, because nothing is written any more."""
    telling = engine.telling
    if telling is not None and not engine.muted and engine.report.job in JOBS and not isinstance(error, LeaseLost):
        with suppress(LeaseLost):  # Who has taken over finds it out as well.
            telling.alarm(engine, error)
