"""Engagement: what a person did lately, as one number from 0 to 100 that fades while nothing happens.

Every class of touches fills a tank: a touch adds its points up to the class's cap, and the tank empties by half in
every half-life.  All tanks together, `raw`, become 100 (1 - exp(-raw / scale)).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from insight.touches import Touch

DAY = 86_400_000
WEEK, MONTH = 7 * DAY, 30 * DAY


class Weight(NamedTuple):
    """What a touch of one class counts for."""

    points: float
    half_life: float
    """Days."""
    cap: float
    """The most that the class holds at any time."""


WEIGHTS: dict[str, Weight] = {
    "visit": Weight(1, 14, 20),
    "open": Weight(1, 14, 5),
    "click": Weight(3, 21, 30),
    "content": Weight(10, 30, 60),
    "pricing": Weight(15, 45, 60),
    "demo": Weight(40, 45, 80),
}
PATTERNS: dict[str, str] = {
    "pricing": r"pric|plans|preise",
    "demo": r"demo|estimate|quote|trial|angebot",
    "content": r"white-?\s?paper|e-?book|guide|case-?\s?stud|webinar|download|resource|report",
}
SCALE = 40.0
"""Until the base has shown what is much: whoever holds 92 points stands at 90."""
ENOUGH = 100
"""So many active people show what is much."""
NINETY = math.log(10)
"""100 (1 - exp(-raw / scale)) is 90 where raw is so many scales."""

WORDS = {
    "visit": "Visited the site",
    "open": "Opened mail",
    "click": "Clicked in mail",
    "content": "Took up content",
    "pricing": "Visited pricing",
    "demo": "Asked for a demo, an estimate or a meeting",
}
_PLAIN = {
    "visit": "visit", "page_view": "visit", "email_open": "open", "email_click": "click", "campaign_response": "click",
    "email": "click", "form": "content", "event": "content", "meeting": "demo", "call": "demo",
}  # fmt: skip


class Reason(NamedTuple):
    """Why a score is what it is, in words and in points of that score."""

    text: str
    points: int

    def __str__(self) -> str:
        return f"{self.text} ({self.points:+d})"


@dataclass(frozen=True)
class Scheme:
    """What counts for how much."""

    weights: Mapping[str, Weight] = field(default_factory=lambda: WEIGHTS)
    patterns: Mapping[str, str] = field(default_factory=lambda: PATTERNS)
    scale: float = SCALE
    _known: dict[tuple[str, str, str], str] = field(default_factory=dict, repr=False, compare=False)

    def class_of(self, touch: Touch) -> str | None:
        """The class of a touch; None: it shows no interest of the buyer's."""
        if touch.by != "buyer":
            return None
        asked = touch.sort, touch.url, touch.title
        known = self._known.get(asked)
        if known is None:
            known = self._known[asked] = self._class(*asked)
        return known

    def _class(self, sort: str, url: str, title: str) -> str:
        plain = _PLAIN[sort]
        if sort not in ("visit", "page_view", "form"):
            return plain
        about = f"{url} {title}"
        shown = {name for name, pattern in self.patterns.items() if re.search(pattern, about, re.IGNORECASE)}
        if shown & {"demo", "pricing"}:
            # Who looks at the page of demos looks at an offer; who sends its form asks for one.
            return "demo" if sort == "form" else "pricing"
        return "content" if "content" in shown else plain

    def score(self, raw: float) -> float:
        """0 to 100."""
        return 100 * (1 - math.exp(-raw / self.scale))


NOTHING: Mapping[str, float] = {}


@dataclass(frozen=True)
class Engagement:
    """What one person's touches come to."""

    score: float
    tanks: Mapping[str, float]
    reasons: tuple[Reason, ...]
    """Of every class that holds something, the strongest first; last what fading took."""


def tanks(scheme: Scheme, touches: Iterable[Touch], now: int, since: int = 0) -> dict[str, float]:
    """Class → what it holds at `now` of the touches after `since`."""
    return {name: tank.at(now) for name, tank in _filled(scheme, touches, now, since).items()}


class _Tank(NamedTuple):
    """What a class held after its last touch."""

    level: float
    rate: float
    """What is left of it after a ms."""
    touches: list[Touch]
    """In order."""

    def at(self, when: int) -> float:
        """What it holds at a time after its last touch."""
        return self.level * self.rate ** (when - self.touches[-1].at)


def _filled(scheme: Scheme, touches: Iterable[Touch], now: int, since: int) -> dict[str, _Tank]:
    """By class."""
    classed: dict[str, list[Touch]] = {}
    for touch in touches:
        if since < touch.at <= now and (name := scheme.class_of(touch)) is not None:
            classed.setdefault(name, []).append(touch)
    found: dict[str, _Tank] = {}
    for name, some in classed.items():
        points, half_life, cap = scheme.weights[name]
        if points <= 0:
            continue
        some.sort(key=_at)
        rate = 0.5 ** (1 / (half_life * DAY))
        level, last = 0.0, some[0].at
        for touch in some:
            level = min(cap, level * rate ** (touch.at - last) + points)
            last = touch.at
        found[name] = _Tank(level, rate, some)
    return found


def _at(touch: Touch) -> int:
    return touch.at


def engagement(scheme: Scheme, touches: Iterable[Touch], now: int, since: int = 0) -> Engagement:
    """A person's engagement at `now`; since: when the person was last recycled, and what came before counts no more."""
    filled = _filled(scheme, touches, now, since)
    held = {name: tank.at(now) for name, tank in filled.items()}
    raw = sum(held.values())
    score = scheme.score(raw)
    reasons = [
        Reason(_told(name, filled[name].touches, now), points)
        for name, level in held.items()
        if (points := round(score - scheme.score(raw - level)))
    ]
    reasons.sort(key=lambda reason: -reason.points)
    if held:
        last = max(tank.touches[-1].at for tank in filled.values())
        before = scheme.score(sum(tank.at(last) for tank in filled.values()))
        if faded := round(score - before):
            reasons.append(Reason(f"Nothing since {day(last)}", faded))
    return Engagement(score, held, tuple(reasons))


def _told(name: str, touches: Sequence[Touch], now: int) -> str:
    """What was done, how often and when."""
    last = touches[-1]
    what = WORDS[name]
    if name in ("content", "demo") and last.title:
        what = f'{what}, last "{last.title[:60]}"'
    for span, said in ((WEEK, "this week"), (MONTH, f"in 30 days, last on {day(last.at)}")):
        if often := sum(touch.at > now - span for touch in touches):
            return f"{what} {often} x {said}" if often > 1 else f"{what} on {day(last.at)}"
    return f"{what} last on {day(last.at)}"


def day(at: int) -> str:
    """The day of a time, as people write it."""
    return f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%d}"


def fitting_scale(raws: Iterable[float]) -> float:
    """The scale at which the 95th percentile of those who did anything stands at 90; the default for few people."""
    active = sorted(raw for raw in raws if raw > 0)
    if len(active) < ENOUGH:
        return SCALE
    return active[math.ceil(0.95 * len(active)) - 1] / NINETY
