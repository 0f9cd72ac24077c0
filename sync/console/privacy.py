"""`erase` and `export-person`: what people may ask of us under privacy law."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from state.rows import Lease
from state.store import Store
from sync import compose
from sync.config import person_rule
from sync.console import exits
from sync.console.show import SIDES, grid, shown, when
from sync.console.ui import opened, ui
from sync.trust.foreign import recognise
from sync.trust.privacy import Privacy

Who = Annotated[str, typer.Argument(help="An e-mail address, or SIDE:ID such as hubspot:51.")]
LEASE_MS = 600_000


def export_person(who: Who) -> None:
    """Everything that is held of one person: both systems' mapped values, what we remember, what was written and why.

    Example: smarketing export-person ann@example.com
    """
    with _privacy() as privacy:
        document = privacy.export(who)
    if ui.json:
        ui.document(document)
    else:
        _person(ui.out, document)


def erase(
    who: Who,
    yes: Annotated[bool, typer.Option("--yes", help="Carry it out without asking.")] = False,
    lift: Annotated[
        bool, typer.Option("--lift", help="Let an erased person be taken in again, who came back by themselves.")
    ] = False,
) -> None:
    """Destroys one person's records in both systems and everything that is held here; leaves a receipt.

    Shows what it will do and asks first.  The person is not taken in again.

    Example: smarketing erase ann@example.com
    """
    with _privacy() as privacy:
        if lift:
            with _lease(privacy.store) as lease:
                lifted = privacy.lift(lease, who)
            _say({"lifted": lifted}, f"{lifted:,} tombstones of this address were taken away.")
            return
        subject = privacy.find(who)
        planned = [{"side": ref.system, "object": ref.object, "id": ref.id} for ref in privacy.plan(subject)]
        if not yes:
            if ui.json:
                ui.document({"plan": planned, "carried_out": False})
                raise typer.Exit(exits.HELD)
            _planned(ui.out, planned)
            typer.confirm("Destroy all of this? It cannot be undone", abort=True)
        with _lease(privacy.store) as lease:
            world = ui.world()
            receipt = privacy.erase(lease, subject, world.new_run(), world.clock.now_ms(), ui.fresh_salt())
    if ui.json:
        ui.document(receipt)
    else:
        _receipt(ui.out, receipt)
    raise typer.Exit(exits.DONE if receipt["complete"] else exits.HELD)


@contextmanager
def _privacy() -> Iterator[Privacy]:
    settings = ui.settings()
    with opened(settings) as state:
        engine = compose.engine(settings, ui.world(), state)
        recognise(state, engine.connectors)
        yield Privacy(state, engine.connectors, engine.planner(person_rule(settings)).mapping)


@contextmanager
def _lease(store: Store) -> Iterator[Lease]:
    world = ui.world()
    lease = store.lease("sync", f"erase:{world.process}", world.clock.now_ms(), LEASE_MS)
    try:
        yield lease
    finally:
        store.release(lease)


def _say(document: dict[str, Any], sentence: str) -> None:
    if ui.json:
        ui.document(document)
    else:
        ui.out.print(Text(sentence))


def _planned(console: Console, planned: Sequence[Mapping[str, Any]]) -> None:
    records = grid("To be destroyed", "side", "record")
    for record in planned:
        records.add_row(SIDES.get(record["side"], record["side"]), f"{record['object']} {record['id']}")
    console.print(records)
    console.print(
        "In both systems, for good; and everything that is held here of them: values, links, journal, questions and "
        "writes. What stays is where the records were, and hashes by which the person is known and not taken in again."
    )


def _receipt(console: Console, receipt: Mapping[str, Any]) -> None:
    records = grid(f"Receipt {receipt['receipt']}", "side", "record", "when", "done", "left")
    for record in receipt["records"]:
        records.add_row(
            SIDES.get(record["side"], record["side"]),
            f"{record['object']} {record['id']}",
            when(record["at"]),
            "; ".join(record["done"]),
            Text("; ".join(record["left"]), style="yellow"),
        )
    console.print(records)
    if receipt["activities_left"]:
        many = f"{len(receipt['activities_left']):,} activities of the person"
        console.print(f"[yellow]{many} were in the systems when we read last: --json lists them.[/yellow]")
    if receipt["state"]["blocked"]:
        console.print("Everything held here was forgotten; the person is not taken in again.")
    else:
        console.print("[yellow]Nothing was forgotten here yet: say the same again once both systems answer.[/yellow]")
    console.print("Not reached: " + "; ".join(receipt["not_reached"]) + ".")


def _person(console: Console, document: Mapping[str, Any]) -> None:
    for record in document["records"]:
        title = f"{SIDES.get(record['side'], record['side'])} {record['object']} {record['id']}: {record['state']}"
        values = grid(title, "field", "remembered", "last agreed")
        agreed = record.get("agreed") or {}
        for name, held in sorted(record.get("remembered", {}).items()):
            values.add_row(name, shown(held), shown(agreed.get(name)))
        console.print(values)
        present = grid("In the system now", "field", "value")
        for name, held in sorted((record["in_system"] or {}).items()):
            if held is not None:
                present.add_row(name, shown(held))
        console.print(present if record["in_system"] else "It is not in the system any more.")
    history = grid("What was changed, and why", "when", "side", "field", "was", "became", "why")
    for line in document["journal"]:
        side = SIDES.get(line["side"], line["side"])
        history.add_row(when(line["at"]), side, line["field"], shown(line["was"]), shown(line["became"]), line["why"])
    console.print(history)
    beyond = "; ".join(document["not_in_here"])
    console.print(
        f"{len(document['writes']):,} writes and {len(document['questions']):,} questions are listed with --json. "
        f"Long values are cut here, and whole there. Not in here: {beyond}."
    )
