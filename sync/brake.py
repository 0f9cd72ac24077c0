"""A brake on loops: a value that we restore, and that something over there takes away again, is left alone for a while.

Where one side decides a field and an automation on the other side writes its own value, each restores what the other
takes away, for ever.  Neither is wrong by its own rules; only a person can say which rule is.  Opt-outs know no brake.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from mapping.mapping import Mapping as KindMapping
from mapping.rules import Place, Value
from state.rows import LIVE, JournalRow, Row
from sync.consent import is_consent
from sync.decision import HELD, Decision, Draft, Question, without

HOUR, DAY = 3_600_000, 86_400_000
MOST = ((HOUR, 3), (DAY, 6))
"""(ms, so many writes of one value to one field in that time are enough)."""
LINES = 300
"""Lines of the journal that are looked at."""


def suspects(mapping: KindMapping, live: Mapping[str, Row], draft: Draft) -> list[str]:
    """The fields of a draft in which the sides agreed before on what is to be written now."""
    row = live.get(draft.system)
    shadow = row.shadow if row is not None and draft.id == row.id else None
    if not shadow:
        return []
    place = Place(draft.system, draft.object)
    return [
        name
        for name, why in draft.fields.items()
        if name in shadow
        and not is_consent(mapping.rule_of(name))
        and mapping.same(name, mapping.canon(place, name, shadow[name]), why.new)
    ]


def brake(
    mapping: KindMapping, rows: Iterable[Row], decision: Decision, journal: Sequence[JournalRow], now: int
) -> None:
    """Take out of the drafts what was written too often already.  journal: of the entity, newest first."""
    live = {row.system: row for row in rows if row.state == LIVE}
    drafts: list[Draft] = []
    for draft in decision.drafts:
        place = Place(draft.system, draft.object)
        stopped = [
            name
            for name in suspects(mapping, live, draft)
            if _too_often(mapping, place, name, draft.fields[name].new, journal, now)
        ]
        decision.questions += [_question(live[draft.system], draft, name) for name in stopped]
        left = without(mapping, draft, stopped) if stopped else draft
        if left.native or left.archive:
            drafts.append(left)
    decision.drafts = drafts


def _too_often(
    mapping: KindMapping, place: Place, name: str, value: Value, journal: Sequence[JournalRow], now: int
) -> bool:
    times = [
        line.at_ms
        for line in journal
        if line.operation is not None
        and (line.system, line.field) == (place.system, name)
        and not line.reason.startswith("lost:")
        and mapping.same(name, mapping.canon(place, name, line.became), value)
    ]
    return any(sum(at > now - span for at in times) >= most for span, most in MOST)


def _question(row: Row, draft: Draft, name: str) -> Question:
    detail = {
        "code": "PING_PONG",
        "native": name,
        "value": draft.fields[name].new,
        "target": f"{draft.system} {draft.object}",
        "fix": f"something in {draft.system} keeps writing another value than the rule of {name} restores: change that "
        "automation, or the rule; it is tried again after a while",
    }
    return Question(HELD, row.system, row.object, row.id, name, detail)
