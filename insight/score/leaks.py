"""Columns from which nothing may be learned: what was written because of the outcome, and what is nobody's business.

A field that somebody filled in after the sale foretells it perfectly, and helps nobody before it.  Three things give
such a field away: when it was set, how sharply it divides won from lost, and a name that says it is a judgement.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from insight.score.cases import DID, Case
from insight.score.levels import RARE, Column, column, every_level, spelled
from insight.score.measures import Codes, Flags, auc, coded

LATE, LATER = 0.01, 0.10
"""The share of values that may be set after the outcome, and after the case began: mistakes of clocks and hands."""
TOO_GOOD = 0.90
"""The area under the curve that no honest field reaches alone."""
TOO_PURE, TOO_ODD, OFTEN = 0.90, 50.0, 0.05
"""A level that holds so much of one outcome, against so many times the odds, and so much of all that came out so."""
WORDY = 0.5
"""A text that is different in more than so many cases is free text."""
FEWEST = 30
Z = 1.96

_APART = r"(?:^|[^a-z])(?:{})(?:[^a-z]|$)"
PROTECTED = re.compile(
    _APART.format(
        r"first ?name|last ?name|full ?name|name|salutation|age|birth\w*|gender|sex|nationality|citizenship|"
        r"race|ethnic\w*|religion|marital|married|disab\w+|pregnan\w+|union"
    )
)
PERSONAL = re.compile(
    r"^(?:\w+ )?(?:e ?mail(?: address)?|(?:tele)?phone(?: number)?|mobile|street|postal ?code|zip(?: code)?|address|"
    r"account|id)$"
)
SALES = re.compile(
    _APART.format(
        r"owner|stage|status|opted ?out|(?:recycle|disqualify|lost|reject|won|clos(?:e|ed|ing)) ?(?:reason|date)?"
    )
)
JUDGED = re.compile(
    _APART.format(
        r"tags?|quality|rating|grade|scores?|index|lead ?profile|notable|probability|forecast|priority|outcome|result|"
        r"next ?steps?"
    )
)
TITLE = re.compile(r"^(?:job )?title$")
_BY_NAME = (
    (TITLE, "free text; job_level and job_function say what it tells"),
    (PROTECTED, "a protected attribute, or close to one"),
    (PERSONAL, "it names one person, and says nothing of the next"),
    (SALES, "sales sets it in the course of the work that is to be foretold"),
    (JUDGED, "by its name a judgement of people or tools, made around the outcome"),
)
FREE_TYPES = frozenset({"long_text", "email", "phone", "owner", "stage", "deal_stage"})


class Refused(NamedTuple):
    """A column that is not learned from."""

    name: str
    why: str


def by_name(name: str) -> str | None:
    """Why a field of this name is not learned from; None: it may be."""
    if name.startswith(DID):
        return None
    words = re.sub(r"[_\W]+", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)).strip().lower()
    return next((why for pattern, why in _BY_NAME if pattern.search(words)), None)


def by_time(name: str, cases: Sequence[Case]) -> str | None:
    """Why a field is not learned from that was set too late; judged by the values whose time is known."""
    dated = [case for case in cases if case.facts.get(name) is not None and name in case.set_at]
    ended = [case for case in dated if (end := _end(case)) is not None and case.set_at[name] >= end]
    if len(ended) > max(1, LATE * len(dated)):
        return f"set after the outcome in {len(ended):,} of {len(dated):,} cases"
    late = sum(case.set_at[name] > case.at for case in dated)
    if late > max(1, LATER * len(dated)):
        return f"set after the case began in {late:,} of {len(dated):,} cases: what it said before is not known"
    return None


def _end(case: Case) -> int | None:
    ends = [end for end in (case.reached, case.closed) if end is not None]
    return min(ends, default=None)


def by_separation(values: Sequence[Any], so: Flags) -> str | None:
    """Why a column is not learned from that nearly determines the outcome alone."""
    found = column("", values)
    codes = coded(found, values)
    if (alone := _alone(codes, so)) >= TOO_GOOD:
        return f"it nearly determines the outcome alone (AUC {alone:.2f}): more than anything known before could"
    return _pure(found, codes, so)


def _alone(codes: Codes, so: Flags) -> float:
    """The area under the curve of a column alone: one half of the cases judges the other, in turn."""
    odd = np.arange(len(so)) % 2 == 1
    most = int(codes.max(initial=0)) + 1
    results = []
    for learned in (odd, ~odd):
        counts = np.bincount(codes[learned], minlength=most)
        hits = np.bincount(codes[learned], weights=so[learned], minlength=most)
        rates = (hits + so[learned].mean()) / (counts + 1)
        results.append(auc(rates[codes[~learned]], so[~learned]))
    return sum(results) / 2


def _pure(found: Column, codes: Codes, so: Flags) -> str | None:
    """A level that holds one outcome alone, and much of it."""
    n, positives = len(so), int(so.sum())
    for i, level in enumerate(every_level(found)):
        if level == RARE:
            continue
        here, yes = int((codes == i).sum()), int(so[codes == i].sum())
        for what, of, all_ in (("reached", yes, positives), ("missed", here - yes, n - positives)):
            if here < FEWEST or of < OFTEN * all_ or not all_ < n:
                continue
            low, base = _least(of, here), all_ / n
            if low >= TOO_PURE and low / (1 - low) >= TOO_ODD * base / (1 - base):
                return f'where it is "{level}" the goal was {what} in {of:,} of {here:,} cases: implausibly sharp'
    return None


def _least(yes: int, n: int) -> float:
    """The lower end of what a share of yes in n may be (Wilson, 95 %)."""
    p, z2 = yes / n, Z * Z
    return (p + z2 / (2 * n) - Z * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))) / (1 + z2 / n)


def free_text(values: Sequence[Any]) -> str | None:
    """Why a column is not learned from in which everybody says something else."""
    texts = [spelled(value) for value in values if isinstance(value, str)]
    if len(texts) >= FEWEST and len(set(texts)) > WORDY * len(texts):
        return "free text: nearly everybody says something else"
    return None


def refusals(
    columns: Mapping[str, Sequence[Any]], cases: Sequence[Case], so: Flags, types: Mapping[str, str]
) -> list[Refused]:
    """The columns that may not be learned from, each with why.  types: of the fields, as configured."""
    refused = []
    for name, values in columns.items():
        why = by_name(name)
        if why is None and types.get(name) in FREE_TYPES:
            why = f"fields of type {types[name]} are not learned from"
        if why is None and not name.startswith(DID):
            why = by_time(name, cases) or free_text(values) or by_separation(values, so)
        if why is not None:
            refused.append(Refused(name, why))
    return refused
