"""When jobs run: readable times turned into APScheduler triggers, and the loop that runs them one at a time.

A tick carries no data: one that overlaps is skipped, several that were missed become one, one that crashed is
repeated by the next.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import TYPE_CHECKING

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.blocking import BlockingScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from connectors.errors import SyncError

if TYPE_CHECKING:
    from sync.engine import Engine
    from sync.settings.common import ScheduleSettings

log = structlog.get_logger()

DAY_SECONDS = 86_400
UNITS = {"second": "seconds", "minute": "minutes", "hour": "hours", "day": "days"}
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
EXPECTED = 'must be like "every 2 minutes", "03:00", "sunday 04:00" or a cron line such as "*/5 * * * *"'


def parse_when(text: str) -> BaseTrigger:
    """The trigger for "every 2 minutes", "03:00", "sunday 04:00" or five cron fields.  Raises ValueError."""
    words = text.strip().lower()
    if match := re.fullmatch(r"every (\d+) (second|minute|hour|day)s?", words):
        count = int(match[1])
        if count < 1:
            raise ValueError(EXPECTED)
        return IntervalTrigger(**{UNITS[match[2]]: count})
    if match := re.fullmatch(r"every (second|minute|hour|day)", words):
        return IntervalTrigger(**{UNITS[match[1]]: 1})
    if match := re.fullmatch(rf"(?:({'|'.join(DAYS)}) )?(\d{{1,2}}):(\d{{2}})", words):
        hour, minute = int(match[2]), int(match[3])
        if hour > 23 or minute > 59:
            raise ValueError(EXPECTED)
        return CronTrigger(day_of_week=match[1][:3] if match[1] else "*", hour=hour, minute=minute)
    if len(words.split()) == 5:
        try:
            return CronTrigger.from_crontab(words)
        except ValueError:
            raise ValueError(EXPECTED) from None
    raise ValueError(EXPECTED)


def a_day(text: str) -> float:
    """How often a day that is, over a week."""
    trigger = parse_when(text)
    if isinstance(trigger, IntervalTrigger):
        return DAY_SECONDS / float(trigger.interval.total_seconds())
    start = datetime(2024, 1, 1, tzinfo=UTC)
    count, fired = 0, trigger.get_next_fire_time(None, start)
    while fired is not None and fired < start + timedelta(days=7):
        count, fired = count + 1, trigger.get_next_fire_time(fired, fired)
    return count / 7


class Daemon:
    """Runs cycles on schedule, one at a time, until it is stopped; a cycle in hand is finished first."""

    def __init__(self, engine: Engine, settings: ScheduleSettings) -> None:
        self._engine = engine
        self._stopped = False
        self._scheduler = BlockingScheduler(
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        self._scheduler.add_executor(ThreadPoolExecutor(1))
        self._scheduler.add_job(self._cycle, args=["sync"], id="first")
        self._scheduler.add_job(self._cycle, parse_when(settings.sync), args=["sync"], id="sync")
        self._scheduler.add_job(self._cycle, parse_when(settings.reconcile), args=["reconcile"], id="reconcile")
        self._scheduler.add_job(self._cycle, parse_when(settings.learn), args=["learn"], id="learn")

    def run(self) -> None:
        """Block until stopped."""
        if not self._stopped:
            self._scheduler.start()

    def stop(self) -> None:
        """Finish the cycle in hand, then return from `run`."""
        self._stopped = True
        if self._scheduler.running:
            # Not in this thread: a signal handler interrupts the very loop that it must wake.
            Thread(target=self._scheduler.shutdown, name="stop").start()

    def _cycle(self, job: str) -> None:
        try:
            report = self._engine.cycle(job, compare=job == "reconcile", afresh=job == "learn")
        except SyncError as error:
            log.error("run failed", job=job, reason=str(error))
        else:
            log.info("run ended", job=job, run=report.run, status=report.status, written=report.changed)
