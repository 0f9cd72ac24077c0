"""`pause` and `resume`: stop what flows, and let it flow again."""

from __future__ import annotations

from typing import Annotated

import typer

from sync.console import arguments
from sync.console.ui import opened, ui
from sync.settings.fields import SIDES
from sync.trust.guard import BY_HAND, Pause
from sync.trust.pausing import RESUMED, go_on, pauses, stop, thaw

What = Annotated[str | None, typer.Argument(help=f"A kind: {', '.join(arguments.KINDS)}. Default: all of them.")]
To = Annotated[str | None, typer.Option("--to", help="Only what flows to this side: hubspot or salesforce.")]


def pause(what: What = None, to: To = None) -> None:
    """Stops writing records of a kind, or to a side, until `resume`.  Reading goes on, and opt-outs still go out.

    Example: smarketing pause person --to salesforce
    """
    kind, side = _meant(what, to)
    settings, world = ui.settings(), ui.world()
    words = " ".join(filter(None, ("smarketing resume", kind, f"--to {side}" if side else "")))
    why = f"{_said(kind, side)} paused by {ui.who()}"
    wanted = Pause(BY_HAND, kind, side, "", "", why, f"`{words}` lets it go on", world.clock.now_ms())
    with opened(settings) as state:
        stop(state, wanted)
        found = pauses(state)
    if ui.json:
        ui.document({"paused": [one.as_json() for one in found]})
    else:
        ui.out.print(f"{why}. Reading goes on, and opt-outs still go out. {wanted.fix}.", markup=False)


def resume(
    what: What = None,
    to: To = None,
    record: Annotated[
        str | None, typer.Option(help="Only the frozen fields of this record, SIDE:ID, such as hubspot:51.")
    ] = None,
) -> None:
    """Lets go on what was paused, by a command or by itself.  What was planned meanwhile is written by the next sync.

    Example: smarketing resume person --to salesforce
    """
    kind, side = _meant(what, to)
    one = arguments.record(record) if record is not None else None
    settings, world = ui.settings(), ui.world()
    now, answer = world.clock.now_ms(), f"{RESUMED} by {ui.who()}"
    with opened(settings) as state:
        fits = [p for p in pauses(state) if kind in ("", p.kind) and side in ("", p.system)] if one is None else []
        ended = [pause for pause in fits if go_on(state, pause, now, answer)]
        thawed = 0 if side else thaw(state, now, kind=kind, record=one)
    if ui.json:
        ui.document({"resumed": [pause.as_json() for pause in ended], "thawed": thawed})
        return
    for pause in ended:
        ui.out.print(f"Goes on: {pause.why}.", markup=False)
    if thawed:
        ui.out.print(f"{thawed:,} frozen fields are free again.")
    if not ended and not thawed:
        ui.out.print("Nothing of that was paused.")


def _meant(what: str | None, to: str | None) -> tuple[str, str]:
    """(kind, side), empty for all.  Raises typer.BadParameter."""
    if what is not None and what not in arguments.KINDS:
        raise typer.BadParameter(f"{what!r} is not synchronised; choose from: {', '.join(arguments.KINDS)}")
    if to is not None and to not in SIDES:
        raise typer.BadParameter(f"--to {to!r} is no side; choose from: {', '.join(SIDES)}")
    return what or "", to or ""


def _said(kind: str, side: str) -> str:
    of = {"": "everything", "person": "people", "company": "companies", "deal": "deals", "activity": "activities"}
    names = {"": "", "hubspot": " to HubSpot", "salesforce": " to Salesforce"}
    return f"{of.get(kind, kind)}{names.get(side, side)}"
