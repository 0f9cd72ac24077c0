"""What people see on a terminal: tables and sentences, never a decision."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich import box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from connectors.furniture import Furnishing
from connectors.port import FieldSpec, Problem
from state.rows import ReviewRow, RunRow
from state.store import Store
from sync.report import FATES, WRITTEN, Report
from sync.settings.common import Settings
from sync.trust.catalogue import entry as catalogued
from sync.trust.catalogue.entry import Entry
from sync.trust.pausing import pauses

DAY = 86_400_000
SIDES = {"hubspot": "HubSpot", "salesforce": "Salesforce"}
LEVELS = {"error": "red", "warning": "yellow", "note": "dim"}


def when(ms: int | None) -> str:
    """ISO 8601 UTC."""
    return "-" if ms is None else datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def grid(title: str, *columns: str) -> Table:
    """An empty table as all of ours look."""
    table = Table(title=title, title_justify="left", title_style="bold", header_style="dim", box=box.SIMPLE_HEAD)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def report(console: Console, result: Report) -> None:
    """The account of a run."""
    document = result.as_json()
    console.print(Text(f"Run {result.run}: {result.status}", style="bold"))
    for kind, sides in document["objects"].items():
        table = grid("", kind, *(SIDES.get(side, side) for side in sides))
        for name in ("read", *FATES):
            table.add_row(name, *(_count(counts[name]) for counts in sides.values()))
        for name in WRITTEN:
            if any(counts["written"][name] for counts in sides.values()):
                table.add_row(f"{name} there", *(_count(counts["written"][name]) for counts in sides.values()))
        console.print(table)
    if result.comparison is not None:
        differences(console, result.comparison)
    if result.plan is not None:
        _carried_out(console, result.plan)
    calls = ", ".join(f"{SIDES.get(side, side)} {count:,}" for side, count in document["api_calls"].items())
    console.print(
        f"Linked {result.links:,} · duplicates and open questions {result.suggested:,} · "
        f"conflicts {result.conflicts:,}\n"
        f"API calls: {calls} · {document['seconds']} s"
    )
    if not result.accounted:
        console.print("[red]Not every record that was read is accounted for: please report this.[/red]")
    if result.message:
        console.print(Text(result.message, style="yellow"))
    if result.held:
        held = f"{result.held:,} {'record is' if result.held == 1 else 'records are'} held"
        console.print(f"[yellow]{held}; `smarketing errors list` says why and what to do.[/yellow]")


REASONS = {
    "held": "held: `smarketing errors list` says why",
    "as decided": "a rule leaves it so: one way, or different since the first meeting",
    "waiting": "waits for the next sync",
    "deleted there": "deleted there, and not made again",
    "not made": "no condition asks for it, or it waits",
}


def differences(console: Console, found: Mapping[str, Any]) -> None:
    """What a complete comparison found, and what still differs after it."""
    if found["unnoticed"]:
        missed = grid("Went unnoticed, and was decided again", "side", "object", "what", "records", "for example")
        for line in found["unnoticed"]:
            side = SIDES.get(line["side"], line["side"])
            missed.add_row(side, line["native"], line["what"], f"{line['records']:,}", ", ".join(line["ids"][:3]))
        console.print(missed)
    else:
        console.print("[green]Nothing had gone unnoticed.[/green]")
    for warning in found["warnings"]:
        console.print(Text(warning, style="yellow"))
    if found["remaining"]:
        left = grid("Differs between the sides", "kind", "what", "because", "entities", "for example")
        for line in found["remaining"]:
            why = REASONS.get(line["why"], line["why"])
            left.add_row(line["object"], line["field"], why, f"{line['records']:,}", ", ".join(line["ids"][:3]))
        console.print(left)


def _carried_out(console: Console, plan: Mapping[str, Any]) -> None:
    """What became of an approved plan, and what was not overwritten because it changed since."""
    counts = ", ".join(f"{plan[name]:,} {name}" for name in ("written", "refused", "waiting"))
    console.print(f"Of the plan: {counts}, {len(plan['replanned']):,} changed since and not written.")
    if plan["replanned"]:
        table = grid("Changed since the plan was made: left as it is", "record", "planned", "proposed now")
        for line in plan["replanned"][:10]:
            table.add_row(
                f"{SIDES.get(line['side'], line['side'])} {line['record']}", _new(line["planned"]), _new(line["now"])
            )
        console.print(table)
    if plan["not_in_the_plan"]:
        more = f"{plan['not_in_the_plan']:,} further writes are proposed now and were not in the plan"
        console.print(f"{more}: the next sync makes them, or another plan.")


def _new(fields: Mapping[str, Any] | None) -> Text:
    if fields is None:
        return Text("nothing", style="dim")
    told = [Text(f"{name} ", style="dim") + shown(change["new"]) for name, change in fields.items() if name[0] != "@"]
    return Text(", ").join(told)


def _count(number: int) -> str:
    return f"{number:,}" if number else "·"


def problems(console: Console, found: Sequence[Problem]) -> None:
    """What `check` found."""
    if not found:
        console.print("[green]Everything that can be checked is in order.[/green]")
        return
    alike: dict[tuple[str, str, str], list[str]] = {}
    for problem in found:
        alike.setdefault((problem.level, problem.what, problem.fix), []).append(problem.where)
    for (level, what, fix), places in alike.items():
        console.print(Text(f"{level:8}", style=LEVELS[level]), Text(f"{', '.join(places)}: {what}"))
        console.print(Text(f"         → {fix}", style="dim"))


def specs(console: Console, missing: Sequence[tuple[str, FieldSpec]], made: Sequence[str] | None) -> None:
    """What `provision` would create, or has created."""
    if not missing:
        console.print("[green]Every field we need exists on both sides.[/green]")
        return
    table = grid(
        "Fields we need and lack" if made is None else "Fields created or completed",
        "side",
        "object",
        "field",
        "type",
        "for",
    )
    for side, spec in missing:
        kind = f"{spec.type}{', unique' if spec.unique else ''}"
        table.add_row(SIDES.get(side, side), spec.object, spec.name, kind, spec.help)
    console.print(table)
    if made is None:
        console.print("Nothing was changed. `smarketing provision --apply` creates them.")


def furniture(console: Console, found: Sequence[tuple[str, Furnishing]], applied: bool) -> None:
    """The rights and lists that `provision` would make, or has made."""
    if not found:
        return
    table = grid("Rights and lists", "side", "what", "", "by hand")
    for side, each in found:
        state = "made" if each.made else "not made" if applied else "lacking"
        table.add_row(SIDES.get(side, side), each.what, state, "" if each.made else each.fix)
    console.print(table)
    if not applied:
        console.print("`smarketing provision --apply` makes them; the sync itself works without them.")


def rights(console: Console, needed: Mapping[str, Sequence[str]]) -> None:
    """What the credentials of each side need, and no more."""
    for side, each in needed.items():
        console.print(Text(f"{SIDES.get(side, side)} has to grant, and no more:", style="dim"))
        console.print(Text("  " + "\n  ".join(each)))


def review_json(review: ReviewRow) -> dict[str, Any]:
    """One held record."""
    code, field, fix = cause(review)
    known = known_of(review)
    return {
        "question": review.question,
        "cause": review.detail.get("cause") or known.cause,
        "code": code,
        "side": review.system,
        "object": review.object,
        "record": review.id,
        "who": review.entity,
        "field": field,
        "value": review.detail.get("value", review.detail.get("values")),
        "message": review.detail.get("message"),
        "fix": fix,
        "who_can": known.who,
        "retry": known.retry,
        "since": when(review.opened_ms),
    }


HELD_QUESTIONS = (
    "held",
    "unmapped",
    "rejected",
    "conflict",
    "merge",
    "ambiguous",
    "same_person",
    "recreate",
    "reconsent",
    "erased",
    "undone",
    "frozen",
)


HELD_COLUMNS = (
    "cause", "code", "side", "object", "record", "who", "field", "value", "message", "fix", "who_can", "retry", "since",
)  # fmt: skip


def cell(value: Any) -> Any:
    """A value as a CSV cell: a spreadsheet must not take text of a record for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def held(store: Store) -> list[ReviewRow]:
    """Every open question that keeps something from being written."""
    return [review for question in HELD_QUESTIONS for review in store.reviews(question=question, limit=None)]


def exhausted(spent: int, most: int | None, now: int) -> int | None:
    """When the budget of this UTC day will be used up if calls go on as they did so far; None: not today."""
    today = now // DAY * DAY
    if not most or not spent:
        return None
    at = today + (now - today) * most // spent
    return max(at, now) if at < today + DAY else None


def calls_per_record(runs: Iterable[RunRow]) -> float | None:
    """Calls over both sides for each record that these runs read or wrote; None: there were none."""
    counts = [run.counts for run in runs]
    calls = sum(sum(one.get("api_calls", {}).values()) for one in counts)
    sides = [side for one in counts for kind in one.get("objects", {}).values() for side in kind.values()]
    records = sum(side["read"] + sum(n for what, n in side["written"].items() if what != "failed") for side in sides)
    return round(calls / records, 4) if records else None


def status_json(store: Store, spent: Mapping[str, int], settings: Settings, now: int) -> dict[str, Any]:
    """Lag, backlog, last runs, budget, what is paused, errors by cause.  spent: calls of today, by side."""
    latest = store.runs(10)
    counts = Counter(cause(review)[0] for review in held(store))
    return {
        "cursors": [
            {
                "side": cursor.system,
                "object": cursor.object,
                "until": when(cursor.watermark_ms) if cursor.watermark_ms is not None else None,
                "lag_seconds": (now - cursor.watermark_ms) // 1000 if cursor.watermark_ms is not None else None,
                "mapping": cursor.mapping,
            }
            for cursor in store.cursors()
        ],
        "backlog": [
            {"side": side, "state": state, "operations": count} for (side, state), count in store.backlog().items()
        ],
        "records": [
            {"object": object, "side": side, "state": state, "linked": linked, "records": count}
            for (_, side, object, state, linked), count in store.counts().items()
        ],
        "runs": runs_json(latest),
        "calls_per_record": calls_per_record(latest),
        "paused": [{**pause.as_json(), "since": when(pause.since)} for pause in pauses(store)],
        "budget": [
            {
                "side": side,
                "calls_today": spent.get(side, 0),
                "calls_per_day": (most := getattr(settings.budget, side).calls_per_day),
                "used_up": when(at) if (at := exhausted(spent.get(side, 0), most, now)) is not None else None,
            }
            for side in SIDES
        ],
        "alerts": [{"state": state, "alerts": count} for state, count in sorted(store.alert_counts().items())],
        "errors": [{"cause": code, "records": count} for code, count in counts.most_common()],
    }


def shown(value: Any) -> Text:
    """A value in a cell: short, on one line, and a blank said."""
    if value is None:
        return Text("(blank)", style="dim")
    text = str(value).replace("\n", "⏎")
    return Text(text if len(text) <= 60 else text[:57] + "…")


def errors(console: Console, found: Sequence[ReviewRow], title: str = "Held records, by cause") -> None:
    """Grouped by cause, with a sample and the fix."""
    if not found:
        console.print("[green]Nothing is held.[/green]")
        return
    table = grid(title, "cause", "field", "records", "for example", "what puts it right", "who can")
    for group in by_cause(found):
        sample = group["sample"]
        side, value = SIDES.get(sample["side"], sample["side"]), shown(sample["value"])
        example = Text(f"{side} {sample['object']} {sample['record']}\n") + value
        why = Text(f"{group['code']}\n") + Text(group["cause"], style="dim")
        table.add_row(why, group["field"], f"{group['records']:,}", example, Text(group["fix"]), group["who_can"])
    console.print(table)


def by_cause(found: Sequence[ReviewRow]) -> list[dict[str, Any]]:
    """Causes with how many records each holds and one of them, the most frequent first."""
    groups: dict[tuple[str, str, str], list[ReviewRow]] = {}
    for review in found:
        code, field, _ = cause(review)
        groups.setdefault((code, field, str(review.detail.get("target") or review.system)), []).append(review)
    told = []
    for reviews in sorted(groups.values(), key=len, reverse=True):
        sample = review_json(reviews[0])
        same = {name: sample[name] for name in ("cause", "code", "field", "fix", "who_can", "retry")}
        told.append({**same, "records": len(reviews), "sample": sample})
    return told


def cause(review: ReviewRow) -> tuple[str, str, str]:
    """(code, field, fix) by which held records are grouped."""
    code = str(review.detail.get("code") or review.question)
    native = review.detail.get("native") or ()
    field = review.field or ", ".join([native] if isinstance(native, str) else native)
    fix = str(review.detail.get("fix") or review.detail.get("why") or "")
    return code, field, fix


def known_of(review: ReviewRow) -> Entry:
    """What the catalogue says of the cause."""
    code, field, _ = cause(review)
    target, _, object = str(review.detail.get("target") or review.system or "").partition(" ")
    told = catalogued(
        target, code.upper() if code == review.question else code, str(review.detail.get("message") or "")
    )
    return told.filled(object or str(review.object or "record"), [field] if field else [])


def status(console: Console, document: Mapping[str, Any]) -> None:
    """Lag, backlog, last runs, budget, what is paused, errors by cause."""
    lag = grid("Read up to", "side", "object", "everything before", "lag", "mapping")
    for cursor in document["cursors"]:
        lag.add_row(
            SIDES.get(cursor["side"], cursor["side"]),
            cursor["object"],
            cursor["until"] or "first reading unfinished",
            "" if cursor["lag_seconds"] is None else f"{cursor['lag_seconds']:,} s",
            cursor["mapping"],
        )
    runs = grid("Last runs", "run", "job", "began", "status", "written", "held")
    for run in document["runs"]:
        runs.add_row(
            run["run"],
            run["job"],
            run["started"],
            run["status"] or "running or killed",
            str(run["written"]),
            str(run["held"]),
        )
    lines: list[Any] = [lag, runs]
    lines += [
        Text(f"Paused since {pause['since']}, {pause['cause']}: {pause['why']}. {pause['fix']}.", style="yellow")
        for pause in document["paused"]
    ]
    backlog = ", ".join(f"{entry['side']} {entry['state']} {entry['operations']:,}" for entry in document["backlog"])
    lines.append(f"Waiting: {backlog or 'nothing'}")
    held = ", ".join(f"{entry['cause']} {entry['records']:,}" for entry in document["errors"])
    lines.append(f"Held: {held or 'nothing'}")
    if told := ", ".join(f"{entry['state']} {entry['alerts']:,}" for entry in document["alerts"]):
        lines.append(f"Alerts: {told}")
    for side in document["budget"]:
        cap = f" of {side['calls_per_day']:,}" if side["calls_per_day"] else ""
        until = f"; at this rate used up at {side['used_up']}" if side["used_up"] else ""
        lines.append(f"API calls today, {SIDES[side['side']]}: {side['calls_today']:,}{cap}{until}")
    if document["calls_per_record"] is not None:
        lines.append(f"API calls per record in these runs: {document['calls_per_record']}")
    console.print(Group(*lines))


def runs_json(rows: Iterable[RunRow]) -> list[dict[str, Any]]:
    """Runs, newest first, with what they wrote."""
    result = []
    for run in rows:
        objects = run.counts.get("objects", {})
        sides = [side for kind in objects.values() for side in kind.values()]
        result.append(
            {
                "run": run.id,
                "job": run.job,
                "started": when(run.started_ms),
                "ended": when(run.ended_ms) if run.ended_ms else None,
                "status": run.outcome,
                "written": sum(n for side in sides for what, n in side["written"].items() if what != "failed"),
                "held": sum(side["held"] for side in sides),
            }
        )
    return result
