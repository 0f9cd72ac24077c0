"""Every scenario of `*.txt` is played; and the language answers clearly where a line cannot be understood."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.language import Scenario, ScenarioError, read
from tests.scenarios.play import play

HERE = Path(__file__).parent
FILES = sorted(HERE.glob("*.txt"))
SCENARIOS = [(file.stem, scenario) for file in FILES for scenario in read(file)]


@pytest.mark.parametrize("scenario", [pytest.param(s, id=f"{file}: {s.title}") for file, s in SCENARIOS])
def test_scenario(scenario: Scenario) -> None:
    play(scenario)


def test_titles_are_different() -> None:
    titles = [scenario.title for _, scenario in SCENARIOS]
    assert len(titles) == len(set(titles))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("given ann in both", "A scenario begins with `# its title`"),
        ("# t\nwhenever ann", "A line begins with one of: given, when, then, and"),
        ("# t\nand ann in both", "`and` continues given, when or then"),
        ("# t\ngiven ann in hubspt", "After `given` there may be:"),
        ('# t\ngiven ann in both city="Ber', "is not a text in quotes"),
        ("# t\nconfig phone", "Write: config phone winner=crm"),
    ],
)
def test_a_line_that_cannot_be_understood_is_shown_with_what_may_be_said(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "bad.txt").write_text(text)
    with pytest.raises(ScenarioError, match=told) as refused:
        read(tmp_path / "bad.txt")
    assert f"bad.txt:{len(text.splitlines())}: " in str(refused.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("# t\ngiven ann in both\nthen hubspot ann city=Rome", r"It holds \{'city': None\}"),
        ("# t\ngiven ann in hubspot\nthen hubspot was written 1 times", "It was written 0 times"),
        ("# t\ngiven ann in hubspot\nthen ann is held by STRING_TOO_LONG", "It is not held"),
        ("# t\ngiven ann in hubspot\nthen salesforce ann city=Rome", "ann is not in salesforce"),
        ("# t\ngiven ann in hubspot owner=nobody", "Nobody called nobody works here"),
        ("# t\ngiven ann in hubspot stage=mql", "One more sync should write nothing"),
    ],
)
def test_what_does_not_hold_is_told_with_its_line(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "wrong.txt").write_text(text)
    with pytest.raises(ScenarioError, match=told) as refused:
        play(read(tmp_path / "wrong.txt")[0])
    assert "wrong.txt:" in str(refused.value)
