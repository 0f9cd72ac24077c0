"""What a person did and what was done about them, told in a few values for the record.  Pure: touches in, values out.

Windows of days close once a week, on a day of the person's own: so a value that only time moves is written once a week
at most, and of a base that nobody touches a seventh a day.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from insight.fields import LONG
from insight.touches import Touch

DAY = 86_400_000
WEEK = 7 * DAY
SESSION = 30 * 60_000
"""Page views with a longer pause between them are two visits."""
TITLES, INTERESTS = 10, 5
TITLE = 255
"""Characters of a title that are told."""
WEB = frozenset({"visit", "page_view"})
SEEN = frozenset({"visit", "page_view", "form", "email_click"})
"""What shows content to a person."""
REACHED = frozenset({"call", "email", "meeting"})
ATTEMPTS = frozenset({"call", "email"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Counted(NamedTuple):
    """What marketing's system counts and remembers by itself, whatever touches can be read.  None: it does not say."""

    visits: int | None = None
    page_views: int | None = None
    last_visit: int | None = None
    source: str | None = None
    detail: str | None = None


NOTHING = Counted()


def window(entity: str, now: int, days: int) -> int:
    """Since when something counts as done in the last days: so long before the person's day of this week."""
    offset = int.from_bytes(hashlib.blake2b(entity.encode(), digest_size=4).digest()) % WEEK
    return now - (now - offset) % WEEK - days * DAY


def roll_up(entity: str, touches: Sequence[Touch], now: int, counted: Counted = NOTHING) -> dict[str, Any]:
    """Field → value; None: nothing is known.  touches: in the order of time; what lies after `now` is still to come."""
    past = [touch for touch in touches if touch.at <= now]
    buyer = [touch for touch in past if touch.by == "buyer"]
    sales = [touch for touch in past if touch.by == "sales" and touch.sort in REACHED]
    return {
        **_web(entity, buyer, now, counted),
        **_mails(entity, buyer, now),
        **_asked(buyer, counted),
        **_sales(sales),
    }


def _web(entity: str, buyer: Sequence[Touch], now: int, counted: Counted) -> dict[str, Any]:
    seen = [touch for touch in buyer if touch.sort in WEB]
    visits = list(_visits(seen))
    content = _distinct(touch for touch in reversed(buyer) if touch.sort in SEEN and touch.sort != "email_click")
    last = max((at for at in (counted.last_visit, seen[-1].at if seen else None) if at is not None), default=None)
    month = window(entity, now, 30)
    return {
        "@visits": max(counted.visits or 0, len(visits)) or None,
        "@visits_30d": sum(at > month for at in visits) if visits else None,
        "@page_views": max(counted.page_views or 0, sum(touch.sort == "page_view" for touch in seen)) or None,
        "@last_visit_at": last,
        "@content_viewed": _lines(_called(touch) for touch in content[:TITLES]),
        "@content_count": len(content) or None,
    }


def _visits(seen: Iterable[Touch]) -> Iterator[int]:
    """When each visit began."""
    last: int | None = None
    for touch in seen:
        if last is None or touch.at - last > SESSION:
            yield touch.at
        last = touch.at


def _mails(entity: str, buyer: Sequence[Touch], now: int) -> dict[str, Any]:
    opens = [touch for touch in buyer if touch.sort == "email_open"]
    clicks = [touch for touch in buyer if touch.sort == "email_click"]
    quarter = window(entity, now, 90)
    return {
        "@email_opens_90d": sum(touch.at > quarter for touch in opens) if opens else None,
        "@last_open_at": opens[-1].at if opens else None,
        "@email_clicks_90d": sum(touch.at > quarter for touch in clicks) if clicks else None,
        "@last_click_at": clicks[-1].at if clicks else None,
        "@last_click": (_called(clicks[-1]) or None) if clicks else None,
    }


def _asked(buyer: Sequence[Touch], counted: Counted) -> dict[str, Any]:
    forms = [touch for touch in buyer if touch.sort == "form"]
    sourced = next((touch for touch in buyer if touch.source), None)
    recent = _distinct(reversed(buyer))[:INTERESTS]
    return {
        "@recent_interest": _lines(
            f"{day(touch.at)} {touch.sort.replace('_', ' ')}: {_called(touch)}" for touch in recent
        ),
        "@original_source": sourced.source if sourced else counted.source,
        "@original_detail": (sourced.campaign or sourced.url if sourced else None) or counted.detail,
        "@first_offer": (_called(forms[0]) or None) if forms else None,
        "@first_offer_at": forms[0].at if forms else None,
        "@recent_offer": (_called(forms[-1]) or None) if forms else None,
        "@recent_offer_at": forms[-1].at if forms else None,
    }


def _sales(sales: Sequence[Touch]) -> dict[str, Any]:
    return {
        "@sales_touches": len(sales) or None,
        "@attempts": sum(touch.sort in ATTEMPTS for touch in sales) or None,
        "@first_sales_touch_at": sales[0].at if sales else None,
        "@last_sales_touch_at": sales[-1].at if sales else None,
        "@last_sales_touch_type": sales[-1].sort if sales else None,
        "@last_sales_outcome": next((touch.outcome for touch in reversed(sales) if touch.outcome), None),
    }


def engaged(people: Mapping[str, Iterable[int | None]], company: str, now: int) -> dict[str, Any]:
    """Of a company: how many of its people did something in the last 90 days, and when one last did.

    people: entity → when they last did each of several things.
    """
    last = [max((at for at in times if at is not None), default=None) for times in people.values()]
    known = [at for at in last if at is not None]
    quarter = window(company, now, 90)
    return {
        "@engaged_people": sum(at > quarter for at in known) if known else None,
        "@last_marketing_touch": max(known, default=None),
    }


def day(at: int) -> str:
    """The UTC date of an instant, ms."""
    return (_EPOCH + timedelta(milliseconds=at)).date().isoformat()


def titles(touches: Iterable[Touch]) -> str | None:
    """What people read or filled in, the newest first.  touches: in the order of time."""
    seen = [touch for touch in touches if touch.by == "buyer" and touch.sort in SEEN]
    return _lines(_called(touch) for touch in _distinct(reversed(seen))[:TITLES])


def _called(touch: Touch) -> str:
    """What it was about."""
    return " ".join((touch.title or touch.url or touch.campaign).split())[:TITLE]


def _distinct(touches: Iterable[Touch]) -> list[Touch]:
    """The first of those of one sort about the same; what has no name is not told."""
    found: dict[tuple[str, str], Touch] = {}
    for touch in touches:
        about = touch.url or touch.title or touch.campaign
        if about:
            found.setdefault((touch.sort if touch.sort not in WEB else "web", about), touch)
    return list(found.values())


def _lines(lines: Iterable[str]) -> str | None:
    """As many whole lines as the field holds."""
    told, room = [], LONG
    for line in dict.fromkeys(lines):
        room -= len(line) + 2
        if room < 0:
            break
        told.append(line)
    return "\n".join(told) or None
