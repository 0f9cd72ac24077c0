"""`check --probe`: rules are met by writes that are taken back, and nothing stays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.port import Problem, Rejected, Write
from sandbox.salesforce.dml.rules import DuplicateRule
from sync import compose
from sync.setup.rehearsal import rehearse, sample
from tests.faults.scene import S, Scene, no_title_without_phone, same_title
from tests.scenarios.stage import MINUTE


@pytest.fixture
def scene() -> Iterator[Scene]:
    made = Scene()
    yield made
    made.stage.close()


def probed(scene: Scene) -> list[Problem]:
    """What the command does, and that it leaves nothing behind."""
    before = _everything(scene)
    scene.stage.clock.advance(2 * MINUTE)
    engine = compose.engine(scene.stage.settings(), scene.stage.outside(), scene.stage.state)
    dry = engine.plan()
    found = list(rehearse(engine.connectors, sample(dry.operations, scene.stage.state, engine.mappings())))
    assert _everything(scene) == before
    return found


def _everything(scene: Scene) -> dict[tuple[str, str], Any]:
    """All records of the org with their stamps, those in the bin too."""
    rows = {name: scene.stage.world.rows(S, name) for name in ("Lead", "Contact", "Account", "Opportunity", "Task")}
    return {
        (name, id): (dict(row.values), row.modified, row.archived_at)
        for name, each in rows.items()
        for id, row in each.items()
    }


def test_what_would_be_refused_is_counted_by_cause_with_its_fix(scene: Scene) -> None:
    scene.salesforce.validation_rules.append(no_title_without_phone)
    scene.made("bob", jobtitle="Head of Homes")
    scene.made("cleo", jobtitle="Head of Cats")
    scene.made("dora")
    told = {(p.where, p.level): p for p in probed(scene) if "created" in p.what}
    problem = told["salesforce.Lead", "warning"]
    assert problem.what.startswith("2 of 3 records that would be created would be refused: FIELD_CUSTOM_VALIDATION")
    assert "Validation Rules" in problem.fix


def test_a_duplicate_rule_is_met(scene: Scene) -> None:
    scene.salesforce.duplicate_rules.append(DuplicateRule("Titles", "Lead", same_title, allow_save=False))
    scene.salesforce.edit("Lead", scene.lead, {"Title": "Head of Homes"}, scene.stage.human(S))
    scene.made("bob", jobtitle="Head of Homes")
    assert any("DUPLICATES_DETECTED" in p.what and "would be created" in p.what for p in probed(scene))


def test_records_that_nobody_could_save_any_more_are_told(scene: Scene) -> None:
    scene.edit(jobtitle="Head of Homes")
    scene.sync()
    assert [p.level for p in probed(scene) if "saved again" in p.what] == ["note"]
    scene.salesforce.validation_rules.append(no_title_without_phone)
    (told,) = [p for p in probed(scene) if "saved again" in p.what]
    assert told.what.startswith("1 of 1 records that are there, saved again as they are, would be refused")


def test_each_write_has_its_own_answer(scene: Scene) -> None:
    writes = [
        Write("Lead", None, {"LastName": "Lee", "Company": "Lee"}),
        Write("Lead", None, {"Company": "Lee"}),
        Write("Lead", scene.lead, {"Title": "x" * 200}),
    ]
    first, *others = scene.sides[S].rehearse(writes)
    assert first is None
    assert [o.code for o in others if isinstance(o, Rejected)] == ["REQUIRED_FIELD_MISSING", "STRING_TOO_LONG"]
