"""Whether what was learned anew takes the place of what is used: only if it is better by more than chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from insight.score.cases import Case, Goal
from insight.score.drift import Month, drifted
from insight.score.learn import Sample, probabilities, sample
from insight.score.measures import Floats
from insight.score.model import LOGISTIC, Model
from insight.score.points import MONTH, day


class Chosen(NamedTuple):
    """What is used from now on."""

    model: Model
    why: str
    alert: bool = False
    """Somebody should know: what was used until now does not hold any more."""


def choose(champion: Model | None, challenger: Model, cases: Sequence[Case], goal: Goal, now: int) -> Chosen:
    """The champion stays unless it drifted, or the challenger beats it."""
    if champion is None:
        return Chosen(challenger, "It is the first.")
    if champion.rung != LOGISTIC:
        return Chosen(challenger, "It takes the place of one that learned less.")
    if moved := _drift(champion, cases, goal, now):
        return Chosen(challenger, f"The one before is not used any longer: {moved}.", alert=True)
    if challenger.rung != LOGISTIC:
        return Chosen(champion, f"It stays: what came after does not hold. {challenger.card['verdict']}")
    if wins(champion, challenger, sample(cases, goal, now)):
        return Chosen(challenger, "It is better than the one before by more than one standard error.")
    return Chosen(champion, "It stays: what was learned anew is not better by more than one standard error.")


def wins(champion: Model, challenger: Model, of: Sample) -> bool:
    """Whether the challenger is better on the latest quarter by more than one standard error of the difference."""
    so = of.so[of.split :]
    was, would_be = (_said(model, of, of.split) for model in (champion, challenger))
    gained = (was - so) ** 2 - (would_be - so) ** 2
    return bool(gained.mean() > gained.std(ddof=1) / np.sqrt(len(gained)))


def _said(model: Model, of: Sample, start: int) -> Floats:
    values = {name: some[start:] for name, some in of.values.items()}
    return probabilities(model, values, len(of.so) - start)


def _drift(model: Model, cases: Sequence[Case], goal: Goal, now: int) -> str:
    recent = [case for case in cases if now - MONTH < case.at <= now]
    said = [model.probability({**case.facts, **case.done}) or 0.0 for case in recent]
    of = sample(cases, goal, now)
    all_ = _said(model, of, 0)
    months: dict[str, list[int]] = {}
    for i, case in enumerate(of.cases):
        months.setdefault(day(case.at)[:7], []).append(i)
    told = [Month(len(of_), float(all_[of_].mean()), float(of.so[of_].mean())) for _, of_ in sorted(months.items())]
    return drifted(model, said, told)
