"""The figures of `status` for a monitoring system, in the words of Prometheus."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from state.rows import RunRow

PREFIX = "smarketing"
STATUSES = ("done", "partial", "paused", "failed")


class _Gathered(Collector):
    """Everything at one moment."""

    def __init__(self, told: Mapping[str, Any], runs: Iterable[RunRow]) -> None:
        self._told = told
        self._runs = list(runs)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        told = self._told
        yield _gauge("lag_seconds", "Age of what was read last.", told["cursors"], "lag_seconds", "side", "object")
        yield _gauge("backlog_operations", "Writes not done.", told["backlog"], "operations", "side", "state")
        yield _gauge("held_records", "Records held, by cause.", told["errors"], "records", "cause")
        yield _gauge("alerts", "Alerts, by what became of them.", told["alerts"], "alerts", "state")
        yield _gauge("api_calls_today", "Calls of this UTC day.", told["budget"], "calls_today", "side")
        yield _gauge("api_calls_per_day", "Calls allowed in a day.", told["budget"], "calls_per_day", "side")
        paused = [{**one, "one": 1, "kind": one["object"] or "", "side": one["side"] or ""} for one in told["paused"]]
        yield _gauge("paused", "What is stopped.", paused, "one", "cause", "kind", "side")
        latest = {run.job: run for run in reversed(self._runs) if run.ended_ms is not None}
        ended = [{"job": job, "at": (run.ended_ms or 0) / 1000} for job, run in latest.items()]
        yield _gauge("last_run_ended_seconds", "When the last run of a job ended.", ended, "at", "job")
        took = [{"job": job, "took": run.counts.get("seconds")} for job, run in latest.items()]
        yield _gauge("last_run_seconds", "How long it took.", took, "took", "job")
        stood = [
            {"job": job, "status": status, "is": int(run.outcome == status)}
            for job, run in latest.items()
            for status in STATUSES
        ]
        yield _gauge("last_run_status", "1 for how it ended.", stood, "is", "job", "status")
        written = [
            {"job": job, "kind": kind, "side": side, "what": what, "many": many}
            for job, run in latest.items()
            for kind, sides in run.counts.get("objects", {}).items()
            for side, counts in sides.items()
            for what, many in counts["written"].items()
        ]
        yield _gauge("last_run_written", "Records it wrote.", written, "many", "job", "kind", "side", "what")


def _gauge(name: str, help: str, rows: Iterable[Mapping[str, Any]], value: str, *labels: str) -> GaugeMetricFamily:
    found = GaugeMetricFamily(f"{PREFIX}_{name}", help, labels=labels)
    sums: dict[tuple[str, ...], float] = {}
    for row in rows:
        if row[value] is not None:
            named = tuple(str(row[label]) for label in labels)
            sums[named] = sums.get(named, 0) + row[value]
    for named, many in sorted(sums.items()):
        found.add_metric(named, many)
    return found


def exposed(told: Mapping[str, Any], runs: Iterable[RunRow]) -> bytes:
    """The text that Prometheus reads.  told: what `status --json` tells; runs: the latest ones, newest first."""
    registry = CollectorRegistry()
    registry.register(_Gathered(told, runs))
    return generate_latest(registry)
