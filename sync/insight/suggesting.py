"""What to show people next, from the content that marketing keeps a list of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import structlog

from insight.catalogue import Piece, suggest
from insight.rollups import SEEN
from insight.touches import Derived
from sync.insight.facts import NEEDS, texts
from sync.insight.scoring import People, of
from sync.insight.tables import TableError, content

if TYPE_CHECKING:
    from sync.engine import Engine
    from sync.insight.learning import Known
    from sync.settings.common import Settings

log = structlog.get_logger()

LIFTS = "content"
"""The document that holds how much more often those who were won had seen each piece."""
WEEK = 7 * 86_400_000
WON_AT = "@first_won_at"


class Suggesting:
    """Keeps the suggestions for an engine's people."""

    def __init__(self, settings: Settings) -> None:
        self._path = settings.insight.content
        self._buyers = {stage.name: stage.buyer for stage in settings.vocabulary.stage}
        self._pieces: list[Piece] = []
        self._lifts: Mapping[str, float] = {}

    def begin(self, engine: Engine) -> None:
        """Before a pass over what is news: read the list, and once a week what winners had seen."""
        try:
            self._pieces = content(self._path)
        except TableError as error:
            # Nothing else rests on the list.
            self._pieces = []
            log.error("content not read", why=str(error))
        held, now = engine.store.models().get(LIFTS, {}), engine.now()
        if engine.report.job != "plan" and now - held.get("made_at", 0) >= WEEK:
            held = {"made_at": now, "lifts": lifts(of(engine), self._pieces)}
            engine.store.keep_model(engine.lease, LIFTS, now, held)
        self._lifts = held.get("lifts", {})

    def people(self, known: Sequence[Known], personas: Mapping[str, Any]) -> Iterator[Derived]:
        """What to show each of these next.  personas: entity → persona."""
        for one in known:
            buyer = [touch for touch in one.touches if touch.by == "buyer" and touch.sort in SEEN]
            seen = {text for touch in buyer for text in (touch.url, touch.title) if text}
            stage = self._buyers.get(str(one.facts.get("stage") or ""), "")
            needs = texts(one.facts.get(NEEDS))
            found = suggest(self._pieces, self._lifts, str(personas.get(one.entity) or ""), stage, needs, seen)
            said = f"{found.title}: {found.url}" if found is not None else None
            yield Derived(one.entity, "@next_content", said, f"of {len(self._pieces)} pieces, not seen yet")


def lifts(people: People, pieces: Sequence[Piece]) -> dict[str, float]:
    """Address → the share of winners who saw it before they were won / that of the others; of few, close to 1."""
    names = {name: piece.url for piece in pieces for name in (piece.title, piece.url)}
    saw: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    many = Counter[bool]()
    for batch in people.batches():
        derived = people.store.derived(batch)
        for person in people.read(batch):
            told = derived.get(person.entity, {}).get(WON_AT)
            won = told is not None and told.value is not None
            end = told.value if told is not None and won else None
            many[won] += 1
            saw[won].update(
                {
                    names[name]
                    for touch in person.touches
                    if touch.by == "buyer" and touch.sort in SEEN and (end is None or touch.at <= end)
                    for name in (touch.url, touch.title)
                    if name in names
                }
            )
    return {
        piece.url: round(_share(saw[True][piece.url], many[True]) / _share(saw[False][piece.url], many[False]), 2)
        for piece in pieces
    }


def _share(some: int, all_: int) -> float:
    return (some + 1) / (all_ + 2)
