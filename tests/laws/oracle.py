"""A second opinion on the merge of two systems, written from the meaning of the settings as a flat table.

It shares no code with `sync.merge` beyond the types, knows exactly two systems and compares values with `==`: the
truth table holds the product against it, case by case.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

from mapping.rules import FieldRule
from sync.merge import Side

H, S = "hubspot", "salesforce"
OTHER = {H: S, S: H}
RANKS = {None: -1, "mql": 30, "sql": 40, "disqualified": -2}

TO = (frozenset({H, S}), frozenset({S}), frozenset({H}), frozenset[str]())
WINNERS = ("latest", H, S, "human", "max", "min", "union", "forward", "sticky_true", "review")
WHEN = ("always", "blank", "create")
CLEARS = ("authority", "both", "never")
FIRST = ("fill_blanks", H, S, "latest", "review")

VALUES: dict[str, tuple[Any, ...]] = {
    "max": (None, "9", "20"),
    "min": (None, "9", "20"),
    "union": (None, ["a"], ["a", "b"], ["c"]),
    "forward": (None, "mql", "sql", "disqualified"),
    "sticky_true": (None, False, True),
}
TYPES = {"max": "decimal", "min": "decimal", "union": "set", "forward": "stage", "sticky_true": "bool"}
SPANS = (
    ((10, 20), (20, 30)),  # salesforce certainly newer
    ((20, 30), (10, 20)),  # hubspot certainly newer
    ((10, 25), (20, 30)),  # overlapping
    ((20, 20), (20, 20)),  # the same instant
    ((20, 20), (10, 20)),  # an instant at the very end of an interval
)
PEOPLE = ((3, 0), (1, 2), (3, 3), (None, 0))


@dataclass(frozen=True)
class Case:
    rule: FieldRule
    sides: dict[str, Side]
    met: bool
    base: Any = None


def rank(value: Any) -> int:
    return RANKS[value]


def flat(_: Any) -> int:
    """No order of stages: for fields that are none."""
    return 0


def rules(winner: str, *, met: bool) -> Iterator[FieldRule]:
    type_ = TYPES.get(winner, "text")
    for to, when, clears, tie in product(TO, WHEN, CLEARS, (H, S)):
        for first in ("fill_blanks",) if met else FIRST:
            yield FieldRule("f", type_, {}, to=to, winner=winner, when=when, clears=clears, first=first, tie=tie)


def cases(winner: str) -> Iterator[Case]:
    """Every combination of settings, values, changes and times."""
    values = VALUES.get(winner, (None, "a", "b"))
    people = PEOPLE if winner == "human" else ((None, None),)
    for rule in rules(winner, met=True):
        for a, b, (p, q), changed in product(values, values, people, product((True, False), repeat=2)):
            # Times and authors matter only where both changed.
            for x, y in SPANS if all(changed) else SPANS[:1]:
                sides = {H: Side(a, changed[0], *x, p), S: Side(b, changed[1], *y, q)}
                yield Case(rule, sides, True, ["a"] if winner == "union" else None)
    for rule in rules(winner, met=False):
        for a, b in product(values, values):
            for x, y in SPANS if rule.first == "latest" else SPANS[:1]:
                yield Case(rule, {H: Side(a, False, *x), S: Side(b, False, *y)}, False)


# -- the table ---------------------------------------------------------------------------------------------------------


def expected(case: Case) -> tuple[dict[str, Any], bool]:
    """(writes, whether the memory moves)."""
    rule, h, s = case.rule, case.sides[H], case.sides[S]
    if not rule.to:
        return {}, True
    if rule.winner == "sticky_true":
        if True not in (h.now, s.now):
            return {}, True
        return {x: True for x in (H, S) if case.sides[x].now is not True and free(case, x)}, True
    if h.now == s.now:
        return {}, True
    if not case.met:
        return first_meeting(case)
    if not h.changed and not s.changed:
        return {}, True
    if rule.winner == "forward":
        return forward(case), True
    if h.changed != s.changed:
        return one_changed(case, H if h.changed else S), True
    return conflict(case)


def free(case: Case, target: str) -> bool:
    """Whether the target may be overwritten at all."""
    rule = case.rule
    if target not in rule.to or rule.when == "create":
        return False
    if rule.when == "always" or case.sides[target].now is None:
        return True
    # "blank" with an authority that may itself be written binds only what flows into the authority.
    return rule.winner == OTHER[target] and rule.winner in rule.to


def flow(case: Case, source: str, *, certain: bool = True) -> dict[str, Any]:
    rule, target = case.rule, OTHER[source]
    value = case.sides[source].now
    if not free(case, target):
        return {}
    if value is None:
        if not case.met or rule.clears == "never":
            return {}
        if rule.clears == "authority" and (not certain or rule.winner == target):
            return {}
    if rule.winner == "forward" and not rank(value) > rank(case.sides[target].now) > RANKS["disqualified"]:
        return {}
    return {target: value}


def weak_blank(case: Case, authority: str) -> bool:
    return case.sides[authority].now is None and (case.rule.when == "blank" or case.rule.clears == "never")


def one_changed(case: Case, changed: str) -> dict[str, Any]:
    other = OTHER[changed]
    if case.rule.winner == other and not weak_blank(case, other):
        return flow(case, other)
    return flow(case, changed)


def forward(case: Case) -> dict[str, Any]:
    best = H if rank(case.sides[H].now) >= rank(case.sides[S].now) else S
    return flow(case, best)


def newest(case: Case) -> tuple[str, bool]:
    """(system, whether that is certain)."""
    h, s = case.sides[H], case.sides[S]
    order = {SPANS[0]: S, SPANS[1]: H, SPANS[4]: None, SPANS[2]: None, SPANS[3]: None}
    sure = order[((h.after, h.by), (s.after, s.by))]
    return (sure, True) if sure else (case.rule.tie, False)


def conflict(case: Case) -> tuple[dict[str, Any], bool]:
    rule, h, s = case.rule, case.sides[H], case.sides[S]
    if rule.winner == "review":
        return {}, False
    if rule.winner == "union":
        return union(case), True
    if rule.winner in (H, S):
        source = OTHER[rule.winner] if weak_blank(case, rule.winner) else rule.winner
        return flow(case, source), True
    if rule.winner in ("max", "min"):
        if h.now is None or s.now is None:
            return flow(case, S if h.now is None else H), True
        bigger = H if float(h.now) > float(s.now) else S
        return flow(case, bigger if rule.winner == "max" else OTHER[bigger]), True
    return flow(case, *recent(case)), True


def recent(case: Case) -> Any:
    rule, h, s = case.rule, case.sides[H], case.sides[S]
    if None in (h.now, s.now) and rule.clears == "never":
        return (S if h.now is None else H,)
    if rule.winner == "human" and None not in (h.standing, s.standing) and h.standing != s.standing:
        return (max(case.sides, key=lambda x: case.sides[x].standing or 0),)
    system, certain = newest(case)
    if not certain and case.sides[system].now is None and rule.clears == "authority":
        return (OTHER[system],)
    return (system,)


def union(case: Case) -> dict[str, Any]:
    base, h, s = set(case.base or ()), set(case.sides[H].now or ()), set(case.sides[S].now or ())
    kept = {x for x in base | h | s if (x in h and x in s) or (x not in base and (x in h or x in s))}
    value = sorted(kept) or None
    blank_ok = value is not None or case.rule.clears != "never"
    return {x: value for x in (H, S) if case.sides[x].now != value and free(case, x) and blank_ok}


def first_meeting(case: Case) -> tuple[dict[str, Any], bool]:
    rule, h, s = case.rule, case.sides[H], case.sides[S]
    if h.now is None or s.now is None:
        return flow(case, S if h.now is None else H), True
    if rule.first == "review":
        return {}, False
    if rule.winner == "forward" and rule.first not in (H, S):
        return forward(case), True
    if rule.first in (H, S):
        return flow(case, rule.first), True
    if rule.first == "latest":
        return flow(case, newest(case)[0]), True
    return {}, True
