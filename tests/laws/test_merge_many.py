"""The merge of any number of systems, and the peace that follows any edits."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mapping.mapping import Mapping
from mapping.rules import FieldRule, ValueMap
from mapping.values import Unmapped
from sync.merge import Side, merge
from tests.laws.make import CONTACTS, LEAD, H, S, mapping, rule
from tests.laws.oracle import flat

SYSTEMS = ("alpha", "beta", "gamma", "delta")
ATOMS = st.sampled_from([None, "a", "b", "c", Unmapped("?")])


@st.composite
def rules(draw: st.DrawFn, systems: tuple[str, ...] = SYSTEMS) -> FieldRule:
    return FieldRule(
        "f",
        draw(st.sampled_from(["text", "choice"])),
        {},
        to=draw(st.frozensets(st.sampled_from(systems))),
        winner=draw(st.sampled_from(["latest", "human", "max", "min", "review", *systems])),
        when=draw(st.sampled_from(["always", "blank", "create"])),
        clears=draw(st.sampled_from(["authority", "both", "never"])),
        first=draw(st.sampled_from(["fill_blanks", "latest", "review", *systems])),
        tie=draw(st.sampled_from(["", *systems])),
    )


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, Side]:
    names = draw(st.lists(st.sampled_from(SYSTEMS), min_size=1, unique=True))
    sides = {}
    for name in names:
        after = draw(st.integers(0, 5))
        by = after + draw(st.integers(0, 3))
        sides[name] = Side(draw(ATOMS), draw(st.booleans()), after, by, draw(st.sampled_from([3, 2, 1, 0, None])))
    return sides


@given(rules(), worlds(), st.booleans(), st.randoms(use_true_random=False))
@settings(max_examples=400)
def test_any_number_of_systems_is_merged_by_the_same_promises(
    rule_: FieldRule, sides: dict[str, Side], met: bool, random: Any
) -> None:
    verdict = merge(rule_, sides, met=met, rank=flat)
    names = list(sides)
    random.shuffle(names)
    assert merge(rule_, {name: sides[name] for name in names}, met=met, rank=flat) == verdict
    assert set(verdict.writes) <= rule_.to & set(sides)
    held = [side.now for side in sides.values()]
    assert all(value in held and value != sides[name].now for name, value in verdict.writes.items())
    assert not any(isinstance(value, Unmapped) for value in verdict.writes.values())
    assert met or None not in verdict.writes.values()
    assert verdict.agreed or not verdict.writes
    news = [side.now for side in sides.values() if side.changed]
    assert not met or all(sides[n].changed or value in news for n, value in verdict.writes.items()), (
        "touched for no news"
    )
    overwritten = {n for n in verdict.writes if (sides[n].changed if met else sides[n].now is not None)}
    assert {name for name, _ in verdict.lost} == overwritten


@given(rules(), worlds(), st.booleans())
@settings(max_examples=200)
def test_the_merge_of_the_merged_is_to_do_nothing(rule_: FieldRule, sides: dict[str, Side], met: bool) -> None:
    verdict = merge(rule_, sides, met=met, rank=flat)
    if not verdict.agreed:
        return
    after = {n: Side(verdict.writes.get(n, side.now), False, side.after, side.by) for n, side in sides.items()}
    assert not merge(rule_, after, met=True, rank=flat).writes


@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))
def test_only_what_is_certainly_later_wins_by_time(a: int, b: int, c: int, d: int) -> None:
    one, two = sorted((a, b)), sorted((c, d))
    sides = {"alpha": Side("x", True, one[0], one[1]), "beta": Side("y", True, two[0], two[1])}
    for tie in sides:
        verdict = merge(FieldRule("f", "text", {}, to=frozenset(sides), tie=tie), sides, met=True, rank=flat)
        # Every instant at which the changes may have happened: (after, by], or the one instant.
        x = range(one[0] + 1, one[1] + 1) or [one[1]]
        y = range(two[0] + 1, two[1] + 1) or [two[1]]
        loser = "beta" if min(x) > max(y) else "alpha" if min(y) > max(x) else None
        assert set(verdict.writes) == ({loser} if loser else {"alpha", "beta"} - {tie})
        assert (verdict.rule == "tie") == (loser is None)


def test_a_number_with_and_without_country_code_is_no_conflict() -> None:
    sides = {H: Side("030 1234567", True, 0, 9), S: Side("+49 30 1234567", True, 0, 9)}
    german = mapping(rule("f", "phone"), phone_region="DE").rule_of("f")
    assert merge(german, sides, met=True, rank=flat).rule == "converged"
    assert merge(rule("f", "phone", tie=S), sides, met=True, rank=flat).conflict


# -- peace -------------------------------------------------------------------------------------------------------------

MAPS = {
    H: ValueMap(
        read={"NEW": "new", "OPEN": "busy", "WAIT": "busy", "DONE": "done"},
        write={"new": "NEW", "busy": "OPEN", "done": "DONE"},
    ),
    S: ValueMap(
        read={"New": "new", "Raw": "new", "Working": "busy", "Closed": "done", "Lost": "done"},
        write={"new": "New", "busy": "Working", "done": "Closed"},
    ),
}
OWN = {H: [None, *MAPS[H].read], S: [None, *MAPS[S].read]}
PLACES = {H: CONTACTS, S: LEAD}


class Pair:
    """Two linked records and our memory of them: the smallest engine there can be."""

    def __init__(self, field: Mapping, now: dict[str, Any]) -> None:
        self.field, self.now = field, now
        self.shadow: dict[str, Any] | None = None
        self.times = {H: (0, 1), S: (0, 1)}

    def cycle(self) -> int:
        """Decide and write once; how many writes it took."""
        rule_ = self.field.rule_of("f")
        sides = {
            x: Side(
                self.field.canon(PLACES[x], "f", self.now[x]),
                self.shadow is not None and self.field.changed(PLACES[x], "f", self.now[x], self.shadow[x]),
                *self.times[x],
            )
            for x in (H, S)
        }
        base = None if self.shadow is None else self.field.canon(PLACES[H], "f", self.shadow[H])
        verdict = merge(rule_, sides, met=self.shadow is not None, base=base, rank=flat)
        for system, value in verdict.writes.items():
            self.now[system] = self.field.fit(PLACES[system], "f", value)
        if verdict.agreed:
            self.shadow = dict(self.now)
        return len(verdict.writes)


EDITS = st.lists(
    st.tuples(st.sampled_from([H, S]), st.integers(0, 5), st.integers(0, 3), st.booleans()), min_size=1, max_size=12
)


@given(rules((H, S)), st.integers(0, 4), st.integers(0, 5), EDITS)
@settings(max_examples=500)
def test_after_any_edits_there_is_peace_and_no_oscillation(
    rule_: FieldRule, h: int, s: int, edits: list[tuple[str, int, int, bool]]
) -> None:
    lossy: dict[str, Any] = {
        "to": rule_.to,
        "winner": rule_.winner,
        "when": rule_.when,
        "clears": rule_.clears,
        "first": rule_.first,
        "tie": rule_.tie,
    }
    field = mapping(rule("f", "choice", values=MAPS, **lossy))
    pair = Pair(field, {H: OWN[H][h % len(OWN[H])], S: OWN[S][s % len(OWN[S])]})
    clock = 1
    for system, value, pause, look in edits:
        before, clock = clock, clock + pause
        pair.now[system] = OWN[system][value % len(OWN[system])]
        pair.times[system] = (before, clock)
        if look:
            pair.cycle()
    pair.cycle()
    assert pair.cycle() == 0, "a second cycle writes"
    held = dict(pair.now)
    assert pair.cycle() == 0
    assert pair.now == held


def test_another_spelling_of_the_same_meaning_is_left_alone() -> None:
    field = mapping(rule("f", "choice", values=MAPS, clears="both"))
    pair = Pair(field, {H: "OPEN", S: "Working"})
    pair.cycle()
    pair.now[S] = "Raw"
    pair.times[S] = (1, 2)
    assert pair.cycle() == 1
    assert pair.now == {H: "NEW", S: "Raw"}
    pair.now[H] = "WAIT"
    pair.times[H] = (2, 3)
    assert pair.cycle() == 1
    assert pair.now == {H: "WAIT", S: "Working"}
