"""The learned score on 9,240 real leads.

Runs where the data is: in $SMARKETING_SHARED, or `shared` beside the repository.

What is left out where it is not: every test of this file.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any

import numpy as np
import pytest

from insight.score.cases import Case
from insight.score.leaks import by_separation, by_time
from insight.score.learn import learn, probabilities, sample
from insight.score.measures import Floats, auc, measure
from insight.score.model import LOGISTIC, Model
from insight.score.points import DAY
from tests.score.make import GOAL, LEADS, LEAKING, NUMBERS, START, leads

pytestmark = pytest.mark.skipif(not LEADS.exists(), reason=f"the leads of X Education are not at {LEADS}")
LATER = START + 10_000 * DAY


@cache
def learned() -> Model:
    return learn(leads(), GOAL, LATER)


def honest(cases: tuple[Case, ...]) -> list[Case]:
    return [c._replace(facts={n: v for n, v in c.facts.items() if n not in LEAKING}) for c in cases]


def plain(cases: list[Case]) -> Floats:
    """What a plain logistic regression of scikit-learn says of the latest quarter, from the same columns."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    cut = len(cases) * 3 // 4
    texts = [name for name in cases[0].facts if name not in NUMBERS]
    said = np.array([[str(c.facts[name]) for name in texts] for c in cases], dtype=object)
    numbers = np.array([[np.nan if c.facts[name] is None else c.facts[name] for name in NUMBERS] for c in cases])
    numbers = np.where(np.isnan(numbers), np.nanmedian(numbers[:cut], axis=0), numbers)
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False).fit(said[:cut])
    scaled = StandardScaler().fit(numbers[:cut])
    matrix = np.hstack([one_hot.transform(said), scaled.transform(numbers)])
    so = np.array([c.reached is not None for c in cases])
    fitted = LogisticRegression(max_iter=1000, solver="newton-cholesky").fit(matrix[:cut], so[:cut])
    return np.asarray(fitted.predict_proba(matrix[cut:])[:, 1])


def test_it_is_as_good_as_a_plain_regression_on_the_latest_quarter_and_means_what_it_says() -> None:
    model, cases = learned(), honest(leads())
    assert model.rung == LOGISTIC, model.card["verdict"]
    of = sample(cases, GOAL, LATER)
    so = of.so[of.split :]
    said = probabilities(model, {n: v[of.split :] for n, v in of.values.items()}, len(so))
    shown = measure(said, so, float(of.so[: of.split].mean()))
    assert shown.auc >= auc(plain(cases), so)
    assert shown.calibration_error < 0.05
    assert round(shown.auc, 4) == model.card["auc"]


def test_what_leaks_is_refused_by_name() -> None:
    assert set(LEAKING) == {one["name"] for one in learned().card["excluded"]}


def test_tags_under_another_name_give_themselves_away() -> None:
    of = sample(leads(), GOAL, LATER)
    assert by_separation(of.values["Tags"], of.so)
    assert not [n for n, values in of.values.items() if n not in LEAKING and by_separation(values, of.so)]


@pytest.mark.parametrize("name", LEAKING)
def test_when_it_was_set_gives_every_one_away(name: str) -> None:
    cases = [c._replace(set_at={name: (c.reached or c.closed or 0) + DAY}) for c in leads()[:500]]
    assert "set after the outcome" in (by_time(name, cases) or "")


def test_its_top_reasons_are_those_whose_removal_matters() -> None:
    cases = honest(leads()[::2])

    def shown(without: Collection[str] = ()) -> dict[str, Any]:
        some = [c._replace(facts={n: v for n, v in c.facts.items() if n not in without}) for c in cases]
        return learn(some, GOAL, LATER).card

    whole = shown()
    top = [one["name"] for one in whole["top"]]
    assert whole["auc"] - shown(top[:3])["auc"] > 0.05
    assert whole["auc"] - shown(set(cases[0].facts) - set(top))["auc"] < 0.005
