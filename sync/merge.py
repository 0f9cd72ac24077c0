"""The three-way merge of one field, for any number of systems.

Every system's value is compared with what that system held when all last agreed.  Nobody changed: nothing happens,
even if the values differ.  One changed: its value travels, if the rule lets it.  Several changed to different values:
the rule decides, and what loses is named.  No memory yet (a first meeting): the setting `first` decides, and a blank
never wins.

A change is known to have happened somewhere in an interval, and intervals are only partially ordered: one that lies
wholly after another is certainly newer, two that overlap are undecided and go to the rule's `tie`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mapping.lifecycle import STATUS_RANK
from mapping.rules import FieldRule, Value
from mapping.values import Unmapped, same, split_money, to_decimal

Rank = Callable[[Value], int]

STAYS = "first meeting: different values stay as they are"
"""Why nothing is written where two records meet that differ."""
STANDING = {"human": 3, "form": 2, "import": 2, "automation": 1, "integration": 0}
"""Who made a change → how much it counts for `winner = "human"`; who is not here is unknown."""
_MAKERS = ("an integration", "an automation", "a form or an import", "a person")


class Side(NamedTuple):
    """One system's view of one field."""

    now: Value
    """Canonical."""
    changed: bool
    """It differs, in the system's own space, from what the system held at the last agreement."""
    after: int
    by: int
    """If it changed, it changed in (after, by], ms; equal: at this very instant."""
    standing: int | None = None
    """How much the change counts by who made it (STANDING), for `human`; None: unknown."""


class Verdict(NamedTuple):
    """What should be so."""

    writes: Mapping[str, Value]
    """system → canonical value it should hold: only systems that differ from it and may be written."""
    lost: tuple[tuple[str, Value], ...]
    """(system, value): changes that a write of this verdict overwrites, for the journal."""
    reason: str
    """In plain words: "hubspot certainly newer"."""
    rule: str
    """Short name of what decided: latest, tie, crm, first:fill_blanks, restore, forward …"""
    agreed: bool
    """The memory may move to the present values (after the writes); False: held for a person."""
    conflict: bool
    """Several systems hold changes (or, at a first meeting, values) that differ."""


@dataclass(frozen=True, slots=True)
class _Case:
    """A question to be decided."""

    rule: FieldRule
    sides: Mapping[str, Side]
    met: bool
    base: Value
    rank: Rank

    def same(self, a: Value, b: Value) -> bool:
        return same(self.rule.type, a, b, self.rule.region)

    def differ(self, names: Sequence[str]) -> bool:
        """Whether these systems hold more than one value."""
        return any(not self.same(self.sides[names[0]].now, self.sides[name].now) for name in names[1:])


def merge(
    rule: FieldRule,
    sides: Mapping[str, Side],
    *,
    met: bool,
    rank: Rank,
    base: Value = None,
) -> Verdict:
    """Decide one field.

    sides: every system that has a place for the field.  met: False at a first meeting, when nothing was agreed yet.
    rank: the order of stages, for `forward` (`Mapping.rank`).  base: the canonical value last agreed, for `union`.
    `rule` comes from a `Mapping`, where phone fields know their region.
    """
    if not rule.to:
        return _UNSYNCED
    quiet = met and not any(side.changed for side in sides.values())
    if quiet and rule.winner != "sticky_true":
        return _UNCHANGED
    ordered = {name: sides[name] for name in sorted(sides)}
    case = _Case(rule, ordered, met, base, rank)
    unmapped = [name for name, side in ordered.items() if isinstance(side.now, Unmapped)]
    if unmapped:
        return _hold(f"the value in {unmapped[0]} has no translation", "unmapped")
    if rule.winner == "sticky_true":
        return _sticky(case)
    if not met:
        return _first(case)
    changed = [name for name, side in ordered.items() if side.changed]
    if not case.differ(list(ordered)):
        return _nothing("all hold the same value", "converged")
    if rule.winner == "forward":
        return _forward(case, changed)
    if not case.differ(changed):
        return _one_value(case, changed)
    return _conflict(case, changed)


# -- first meeting -----------------------------------------------------------------------------------------------------


def _first(case: _Case) -> Verdict:
    """No ancestor: fill blanks; where values differ, the setting `first` decides.  A blank is not an opinion."""
    first, label = case.rule.first, f"first:{case.rule.first}"
    filled = [name for name, side in case.sides.items() if side.now is not None]
    differ = bool(filled) and case.differ(filled)
    if not filled:
        return _nothing("blank everywhere", label)
    if not differ:
        return _write(case, filled, case.sides[filled[0]].now, "only a blank is filled", label)
    if first == "review":
        return _hold("first meeting with different values: a person decides", label)._replace(conflict=True)
    if case.rule.winner == "forward" and first not in case.sides:
        return _first_forward(case, label)
    if first in case.sides and first in filled:
        source, reason = first, f"{first} decides at the first meeting"
    elif first == "latest":
        source, reason, _ = _newest(case, filled)
    else:
        return _nothing(STAYS, label)._replace(conflict=True)
    return _write(case, [source], case.sides[source].now, reason, label)._replace(conflict=True)


def _first_forward(case: _Case, label: str) -> Verdict:
    best = max(case.sides, key=lambda name: case.rank(case.sides[name].now))
    return _write(case, [best], case.sides[best].now, "the furthest stage stays", label)._replace(conflict=True)


# -- one value changed -------------------------------------------------------------------------------------------------


def _one_value(case: _Case, changed: Sequence[str]) -> Verdict:
    """All who changed agree on one value; others hold another."""
    rule = case.rule
    value = case.sides[changed[0]].now
    authority = case.sides.get(rule.winner)
    if authority is None or rule.winner in changed:
        return _write(case, changed, value, f"only {' and '.join(changed)} changed", rule.winner)
    if authority.now is None and _blank_may_not_win(rule):
        return _write(case, changed, value, f"{rule.winner} is blank", "blank")
    return _restore(case, changed)


def _restore(case: _Case, changed: Sequence[str]) -> Verdict:
    """The authority did not change: whoever did gets its value back."""
    system = case.rule.winner
    value = case.sides[system].now
    verdict = _write(case, [system], value, f"{system} decides: its value is restored", "restore")
    writes = {name: value for name in verdict.writes if name in changed}
    if writes:
        return verdict._replace(writes=writes)
    return _nothing(f"{system} decides, and the change may not be overwritten: it stays", "stays")


# -- conflict ----------------------------------------------------------------------------------------------------------


def _conflict(case: _Case, changed: Sequence[str]) -> Verdict:
    """Several changed, to different values."""
    if case.rule.winner == "review":
        return _hold("changed on several sides: a person decides", "review")._replace(conflict=True)
    if case.rule.winner == "union":
        united = _united(case, changed)
        if united is not None:
            return _write(case, list(case.sides), united[0], "sets united", "union")._replace(conflict=True)
    source, reason, label = _winner(case, changed)
    if source not in changed:
        return _restore(case, changed)._replace(conflict=True)
    return _write(case, [source], case.sides[source].now, reason, label)._replace(conflict=True)


def _winner(case: _Case, changed: Sequence[str]) -> tuple[str, str, str]:
    """(system, reason, name of what decided)."""
    rule = case.rule
    valued = [name for name in changed if case.sides[name].now is not None]
    if rule.winner in case.sides:
        yields = valued and case.sides[rule.winner].now is None and _blank_may_not_win(rule)
        if not yields:
            return rule.winner, f"{rule.winner} decides", rule.winner
        source, reason, _ = _newest(case, valued)
        return source, f"{rule.winner} is blank; {reason}", "blank"
    if rule.winner in ("max", "min"):
        pick = max if rule.winner == "max" else min
        best = pick(valued, key=lambda name: (_order(case.sides[name].now), name))
        return best, f"the {rule.winner}imum of the changes", rule.winner
    # A blank that may not travel has no part in the decision.
    candidates = valued if rule.clears == "never" else list(changed)
    if rule.winner == "human":
        known = {name: standing for name in candidates if (standing := case.sides[name].standing) is not None}
        highest = max(known.values(), default=-1)
        # Of whom it is not known who made the change, it may have been a person.
        candidates = [name for name in candidates if known.get(name, highest) == highest]
        if len(candidates) == 1 < len(known):
            return candidates[0], f"{candidates[0]} was changed by {_MAKERS[known[candidates[0]]]}", "human"
    source, reason, label = _newest(case, candidates)
    undecided_blank = label == "tie" and case.sides[source].now is None and rule.clears == "authority" and valued
    if undecided_blank:
        # Under `authority` a blank must certainly win.
        source, _, _ = _newest(case, [name for name in valued if name in candidates])
        reason = "order unknown: a blank does not win"
    return source, reason, label


def _newest(case: _Case, names: Sequence[str]) -> tuple[str, str, str]:
    """The newest of these changes, or the side for ties where the order cannot be known."""
    open_ = [n for n in names if not any(_later(case.sides[o], case.sides[n]) for o in names if o != n)]
    if len(open_) == 1:
        reason = f"{open_[0]} certainly newer" if len(names) > 1 else f"only {open_[0]} has a say"
        return open_[0], reason, "latest"
    if not case.differ(open_):
        return open_[0], f"{' and '.join(open_)} certainly newer", "latest"
    chosen = case.rule.tie if case.rule.tie in open_ else max(open_, key=lambda n: (case.sides[n].by, n))
    return chosen, f"order unknown: {chosen} wins ties", "tie"


def _later(a: Side, b: Side) -> bool:
    """Whether a's change certainly happened after b's."""
    return a.by > b.by if a.after >= a.by else a.after >= b.by


def _order(value: Value) -> tuple[int, object]:
    number = to_decimal(split_money(value)[0]) if not isinstance(value, bool) else None
    if number is not None:
        return (1, number)
    return (2, str(value))


def _united(case: _Case, changed: Sequence[str]) -> tuple[Value] | None:
    """The base with everybody's additions and without anybody's removals; None: not sets."""
    values = [case.base, *(case.sides[name].now for name in changed)]
    if not all(value is None or isinstance(value, list) for value in values):
        return None
    base, *now = (set(value or ()) for value in values)
    added = set[str]().union(*(value - base for value in now))
    removed = set[str]().union(*(base - value for value in now))
    return (sorted((base - removed) | added) or None,)


# -- ratchets ----------------------------------------------------------------------------------------------------------


def _sticky(case: _Case) -> Verdict:
    """True spreads, whoever changed what: an opt-out that could not be written before is written now."""
    if not any(side.now is True for side in case.sides.values()):
        return _nothing("false never spreads", "sticky_true")
    verdict = _write(case, list(case.sides), True, "true spreads", "sticky_true")
    return verdict._replace(conflict=bool(verdict.lost))


def _forward(case: _Case, changed: Sequence[str]) -> Verdict:
    """The furthest stage anybody holds; a status is nobody's stage and stays where it is."""
    best = max(case.sides, key=lambda name: case.rank(case.sides[name].now))
    verdict = _write(case, [best], case.sides[best].now, f"{best} is furthest", "forward")
    return verdict._replace(conflict=case.differ(changed))


# -- what may be written -----------------------------------------------------------------------------------------------


def _write(case: _Case, sources: Sequence[str], value: Value, reason: str, label: str) -> Verdict:
    """Bring everybody to the value whom the rule allows to be written."""
    writes = {
        name: value
        for name, side in case.sides.items()
        if name in case.rule.to
        and not case.same(side.now, value)
        and (value is not None or _may_clear(case.rule, case.sides, sources))
        and _may_overwrite(case, name)
        and _is_step_forward(case, side.now, value)
    }
    lost = tuple(
        (name, case.sides[name].now)
        for name in writes
        if (case.sides[name].changed if case.met else case.sides[name].now is not None)
    )
    return Verdict(writes, lost, reason, label, agreed=True, conflict=False)


def _may_clear(rule: FieldRule, systems: Collection[str], sources: Sequence[str]) -> bool:
    """`clears`: with an authority, only its blanks travel; without one, those of the side that won."""
    if rule.clears == "never":
        return False
    return rule.winner not in systems or rule.winner in sources


def _may_overwrite(case: _Case, target: str) -> bool:
    """`when`: with an authority that can itself be written, `blank` binds only what flows into it."""
    rule = case.rule
    if rule.when == "always" or (rule.when == "blank" and case.sides[target].now is None):
        return True
    return rule.when == "blank" and rule.winner in rule.to and rule.winner in case.sides and rule.winner != target


def _is_step_forward(case: _Case, now: Value, value: Value) -> bool:
    if case.rule.winner != "forward":
        return True
    return case.rank(value) > case.rank(now) > STATUS_RANK


def _blank_may_not_win(rule: FieldRule) -> bool:
    return rule.when == "blank" or rule.clears == "never"


def _nothing(reason: str, label: str) -> Verdict:
    return Verdict({}, (), reason, label, agreed=True, conflict=False)


def _hold(reason: str, label: str) -> Verdict:
    return Verdict({}, (), reason, label, agreed=False, conflict=False)


_UNSYNCED = _nothing("this field is not synchronised", "none")
_UNCHANGED = _nothing("nothing changed", "unchanged")


def all_equal(values: Mapping[str, Value]) -> bool:
    """Whether there is nothing to merge, as `merge` itself would find in the end."""
    one, *others = values.values()
    return all(other == one and other.__class__ is one.__class__ for other in others)
