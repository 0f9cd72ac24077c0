"""Plan, apply, undo and config diff as an admin types them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.endtoend.program import Program, later, served


def test_an_admin_plans_approves_takes_back_and_compares(tmp_path: Path) -> None:
    with served(12) as (world, addresses):
        program = Program.installed(tmp_path, addresses)
        program.run("provision", "--apply")
        later(world)
        shown = program.run("plan", "--full", "--out", "plan.json", "--csv", "plan.csv", "--html", "plan.html")
        assert shown.code == 0, shown.err
        assert "smarketing apply plan.json" in shown.out
        assert all((tmp_path / f"plan.{ending}").stat().st_size > 1_000 for ending in ("json", "csv", "html"))
        changed = (tmp_path / "plan.json").read_text(encoding="utf-8").replace('"create"', '"update"', 1)
        (tmp_path / "changed.json").write_text(changed, encoding="utf-8")
        refused = program.run("apply", "changed.json")
        assert (refused.code, "was changed since it was made" in refused.err) == (2, True)
        applied: Any = program.json("apply", "plan.json")
        assert applied["muted"]
        assert applied["plan"]["written"] > 0
        assert not applied["plan"]["replanned"]
        later(world)
        asked = program.run("--json", "undo", applied["run"])
        assert asked.code == 1
        assert {"operations", "held", "summary"} == asked.document.keys()
        undone: Any = program.json("undo", applied["run"], "--yes")
        restored = sum(side["written"]["updated"] for kind in undone["objects"].values() for side in kind.values())
        assert restored == len(asked.document["operations"])
        let_go: Any = program.json("undo", applied["run"], "--release")
        assert let_go["released"] == sum(len(line["fields"]) for line in asked.document["operations"])
        config = (tmp_path / "config.toml").read_text(encoding="utf-8")
        (tmp_path / "new.toml").write_text(config + '[person.create]\nsalesforce = "has_email"\n', encoding="utf-8")
        later(world)
        compared: Any = program.json("config", "diff", "config.toml", "new.toml")
        assert any(line["action"] == "create" for line in compared["new"]["operations"])
        assert program.run("undo", "nobody").code == 2
