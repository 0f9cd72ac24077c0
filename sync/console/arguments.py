"""What people type, read: records, kinds and moments.  Each raises typer.BadParameter with what would be right."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

import typer

from connectors import whole_id
from mapping.rules import KINDS as ORDER
from sync.settings.fields import SIDES
from sync.settings.frames import FRAMES
from sync.trust.scope import Scope

KINDS = tuple(kind for kind in ORDER if kind in FRAMES)


def record(text: str, name: str = "--record") -> tuple[str, str]:
    """(side, id) from SIDE:ID."""
    side, _, id = text.partition(":")
    if side not in SIDES or not id:
        raise typer.BadParameter(f"{name} is SIDE:ID, such as hubspot:51; the sides are {' and '.join(SIDES)}")
    return side, whole_id(side, id)


def kinds(text: str | None) -> tuple[str, ...]:
    """The kinds that `--object` names, all of them where it is not given."""
    chosen = tuple(part.strip() for part in text.split(",")) if text else KINDS
    for kind in chosen:
        if kind not in KINDS:
            raise typer.BadParameter(f"--object: {kind!r} is not synchronised; choose from: {', '.join(KINDS)}")
    return chosen


def moment(text: str | None, name: str) -> int | None:
    """Milliseconds of an ISO date or time, UTC where it does not say."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{name} is a date or a time, such as 2026-01-31T12:00:00Z") from None
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)


EVERYWHERE = {"--json": 0, "--config": 1, "--log-level": 1, "--log-format": 1}
"""Options that every command takes, and how many words follow each."""


def everywhere_first(words: Sequence[str]) -> list[str]:
    """The words of a command line with the options of every command before the command: they may stand anywhere."""
    first, rest, place = list[str](), list[str](), 0
    while place < len(words) and words[place] != "--":
        name, given, _ = words[place].partition("=")
        taken = 1 + (0 if given else EVERYWHERE.get(name, 0))
        (first if name in EVERYWHERE else rest).extend(words[place : place + taken])
        place += taken
    return [*first, *rest, *words[place:]]


def scope(since: str | None, until: str | None, where: str, limit: int | None) -> Scope | None:
    """What a backfill is about; None: everything."""
    bounds = moment(since, "--from"), moment(until, "--to")
    return Scope(where, *bounds, limit) if where or limit is not None or bounds != (None, None) else None


def day(text: str | None, name: str) -> date | None:
    """An ISO date."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{name} is a date, such as 2026-01-31") from None
