"""The week of a colleague's accounts: what the people whom they own did, one message a colleague."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from insight.alerts import DAY, WEEKLY, Alert, notice
from insight.touches import Touch
from mapping.rules import Place
from state.rows import LIVE, Row
from sync.insight import facts, touching
from sync.insight.owning import seller

if TYPE_CHECKING:
    from sync.engine import Engine

MARK = "weekly"
"""The document that holds the week that was told last."""
WEEK = 7 * DAY
MOST = 30
"""Accounts of one message."""
WORDS = {"page_view": "page", "email_open": "opened mail", "email_click": "click", "campaign_response": "response"}
"""What a sort is called where that is not its name."""


@dataclass
class _Account:
    """What its people did."""

    did: Counter[str] = field(default_factory=Counter)
    people: Counter[str] = field(default_factory=Counter)
    """Name → how much they did."""

    def line(self, name: str) -> str:
        """In one line."""
        told = ((WORDS.get(sort, sort), many) for sort, many in self.did.most_common(4))
        did = ", ".join(f"{many} {what}{'s' if many > 1 else ''}" for what, many in told)
        who = ", ".join(person for person, _ in self.people.most_common(3))
        return f"- {name}: {did}. {who}"


def weekly(engine: Engine) -> list[Alert]:
    """Once a week what happened in the seven days before; nothing in the first week that is seen."""
    people, now = engine.mapping_of("person"), engine.now()
    telling = engine.telling
    if people is None or telling is None or WEEKLY not in telling.settings.types:
        return []
    year, week, _ = datetime.fromtimestamp(now / 1000, UTC).isocalendar()
    this, last = f"{year}-W{week:02d}", (engine.store.model(MARK) or {}).get("week")
    if this == last:
        return []
    engine.store.keep_model(engine.lease, MARK, now, {"week": this})
    return _told(engine, this, now) if last is not None else []


def _told(engine: Engine, week: str, now: int) -> list[Alert]:
    mapping = engine.mapping_of("person")
    assert mapping is not None, "people are synchronised"
    found: dict[str, dict[str, _Account]] = {}
    for members in facts.entities(engine.store, mapping):
        engine.beat()
        touches = touching.touches(engine.store, mapping, engine.mapping_of("activity"), members)
        for entity, rows in members.items():
            lately = [t for t in touches[entity] if t.by == "buyer" and now - WEEK <= t.at < now]
            if lately and (owner := seller(engine, rows)):
                _count(engine, rows, lately, found.setdefault(owner, {}))
    return [
        notice(WEEKLY, f"{week}|{owner}", owner, now, "Your accounts' activity in the last seven days", _text(accounts))
        for owner, accounts in sorted(found.items())
    ]


def _count(engine: Engine, rows: Sequence[Row], lately: Sequence[Touch], accounts: dict[str, _Account]) -> None:
    mapping = engine.mapping_of("person")
    assert mapping is not None, "people are synchronised"
    told = mapping.facts(*((Place(row.system, row.object), row.now) for row in rows if row.state == LIVE))
    name = " ".join(str(part) for part in (told.get("first_name"), told.get("last_name")) if part)
    account = accounts.setdefault(str(told.get("company") or name or "Somebody"), _Account())
    account.did.update(touch.sort for touch in lately)
    account.people[name or "Somebody"] += len(lately)


def _text(accounts: dict[str, _Account]) -> str:
    ranked = sorted(accounts.items(), key=lambda item: (-item[1].did.total(), item[0]))
    more = [f"and {len(ranked) - MOST} more"] if len(ranked) > MOST else []
    return "\n".join([*(account.line(name) for name, account in ranked[:MOST]), *more])
