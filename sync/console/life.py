"""The life of one entity on a terminal, as `sync.trust.explain` tells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from sync.console.show import DAY, SIDES, grid, shown, when


def life(console: Console, document: Mapping[str, Any], *, everything: bool = False) -> None:
    """What `explain` knows of one person, company, deal or activity.  everything: with the fields that are blank."""
    records = grid(f"{document['kind']} {document['entity']}", "side", "record", "state", "linked by")
    for record in document["records"]:
        linked = record["linked"] or {}
        by = f"{linked.get('rule', '')}: {_plain(linked.get('evidence'))}" if linked else "first seen here"
        records.add_row(
            SIDES.get(record["side"], record["side"]), f"{record['object']} {record['id']}", record["state"], by
        )
    console.print(records)
    table = grid("Fields", "field", "side", "value", "last agreed", "who decides", "because")
    fields = document["fields"]
    blank = [name for name, entry in fields.items() if not everything and _is_blank(entry)]
    for name, entry in ((name, entry) for name, entry in fields.items() if name not in blank):
        first = name
        for side, view in entry["sides"].items():
            table.add_row(
                first, SIDES.get(side, side), shown(view["value"]),
                shown(view["agreed"]) if view["met"] else Text("never met", style="dim"),
                entry["rule"]["winner"], view["because"] or "",
            )  # fmt: skip
            first = ""
    console.print(table)
    if blank:
        console.print(Text(f"Blank on every side ({len(blank)}, `--all` shows them): {', '.join(blank)}.", style="dim"))
    if document["stages"]:
        console.print(_stages(document["stages"]))
        days = (f"{t['stage']} {t['ms'] / DAY:,.1f}" for t in document["time_in_stage"])
        console.print(Text("Days in each stage: " + (", ".join(days) or "not known")))
    if document["alerts"]:
        alerts = grid("What colleagues are told", "when", "alert", "to", "what", "by")
        for told in document["alerts"]:
            ways = "; ".join(f"{by['way']}: {by['state']} {by['note'] or ''}".rstrip() for by in told["by"])
            alerts.add_row(when(told["at"]), told["type"], told["owner"], told["title"], ways or told["state"])
        console.print(alerts)
    if document["clock"]:
        told = (f"{name} {when(value) if name.endswith('_at') else value}" for name, value in document["clock"].items())
        console.print(Text("Response clock: " + ", ".join(told)))
    for sentence in document["idle"]:
        console.print(Text(f"Nothing more for now: {sentence}.", style="dim"))
    for held in document["held"]:
        cause = held.get("cause") or held.get("code") or held["question"]
        told = f"{cause} ({held['field'] or ''}) {held.get('fix') or held.get('why') or ''}"
        console.print(Panel(Text(told), title="held", title_align="left", border_style="yellow"))
    history = grid("What the sync did", "when", "side", "field", "was", "became", "why")
    for line in document["history"][:40]:
        history.add_row(
            when(line["at"]),
            SIDES.get(line["side"], line["side"]),
            line["field"],
            shown(line["was"]),
            shown(line["became"]),
            line["why"],
        )
    console.print(history)


def _is_blank(entry: Mapping[str, Any]) -> bool:
    """Whether nobody holds anything there, nor did when the sides last agreed, and nothing is to happen."""
    return all(
        view["value"] is None
        and view["agreed"] is None
        and view["changed_between"] is None
        and not view["next"].startswith(("held", "refused", "to be written"))
        for view in entry["sides"].values()
    )


def _stages(steps: Sequence[Mapping[str, Any]]) -> Table:
    """A person's way through the stages."""
    table = grid("Stages", "when", "from", "to", "cycle", "by", "because")
    for step in steps:
        status = "" if step["status"] in (None, "active") else f" ({step['status']})"
        marks = [word for word in ("inferred", "backfilled", "weak") if step[word]]
        by = " ".join(filter(None, (SIDES.get(step["side"], step["side"]), step["actor"], step["who"])))
        because = f"{step['event']}: {step['evidence']}" + (f", {step['reason']}" if step["reason"] else "")
        table.add_row(
            when(step["at"]) if step["at"] else Text("not known", style="dim"), step["from"] or "",
            f"{step['stage'] or ''}{status}", str(step["cycle"]), by,
            "; ".join([because, *marks]),
        )  # fmt: skip
    return table


def _plain(evidence: Any) -> str:
    if isinstance(evidence, list | tuple):
        return "; ".join(_plain(part) for part in evidence)
    return str(evidence or "")
