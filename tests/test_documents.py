"""What the documents say is so: settings, commands, options, presets and decisions are checked against the code."""

from __future__ import annotations

import inspect
import re
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import typer
from pydantic import BaseModel
from typer.testing import CliRunner

import main
from mapping.presets import PRESETS
from mapping.rules import FieldRule
from sandbox.kernel import Clock
from sandbox.world import World
from sync import compose
from sync.config import field_rule, parse, person_rule, rules
from sync.console import exits
from sync.decide.activities import ActivityCreateSettings, ActivitySettings, ActivityTypes
from sync.insight.agreement import (
    AgreementSettings,
    AlertsSettings,
    CalendarSettings,
    GoalSettings,
    GoalsSettings,
    LeadTypeSettings,
    PromiseSettings,
    SlaSettings,
)
from sync.insight.features import InsightSettings
from sync.insight.reports import REPORTS
from sync.insight.scores import PatternSettings, PointsSettings, ScoreSettings
from sync.merge import Side, merge
from sync.settings.common import (
    BudgetsSettings,
    CreateSettings,
    DashboardSettings,
    HubSpotBudgetSettings,
    HubSpotSettings,
    OnDeleteSettings,
    PersonSettings,
    SalesforceBudgetSettings,
    SalesforceSettings,
    ScheduleSettings,
    Settings,
    StageSettings,
    StateSettings,
    StatusSettings,
    VocabularySettings,
)
from sync.settings.fields import FieldSettings
from sync.settings.frames import FRAMES
from sync.settings.kinds import DEAL_STAGES, CompanyCreateSettings, CompanySettings, DealCreateSettings, DealSettings
from sync.setup import check
from sync.setup.definitions import page as definitions
from sync.trust.approving import PlanSettings
from sync.trust.limits import BrakesSettings
from tests.laws.oracle import flat

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = (ROOT / "config.example.toml").read_text(encoding="utf-8")
COMMANDS = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
RULES = (ROOT / "docs/rules.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
NOW = 1_795_000_000_000

SECTIONS: dict[str, type[BaseModel]] = {
    "state": StateSettings,
    "hubspot": HubSpotSettings,
    "salesforce": SalesforceSettings,
    "schedule": ScheduleSettings,
    "brakes": BrakesSettings,
    "budget": BudgetsSettings,
    "plan": PlanSettings,
    "budget.hubspot": HubSpotBudgetSettings,
    "budget.salesforce": SalesforceBudgetSettings,
    "vocabulary": VocabularySettings,
    "vocabulary.stage": StageSettings,
    "vocabulary.status": StatusSettings,
    "company": CompanySettings,
    "company.create": CompanyCreateSettings,
    "deal": DealSettings,
    "deal.create": DealCreateSettings,
    "activity": ActivitySettings,
    "activity.types": ActivityTypes,
    "activity.create": ActivityCreateSettings,
    "score": ScoreSettings,
    "score.points": PointsSettings,
    "score.patterns": PatternSettings,
    "person": PersonSettings,
    "person.create": CreateSettings,
    "person.on_delete": OnDeleteSettings,
    "insight": InsightSettings,
    "calendar.office": CalendarSettings,
    "sla": SlaSettings,
    "sla.lead_type": LeadTypeSettings,
    "sla.agreement": AgreementSettings,
    "sla.agreement.promise": PromiseSettings,
    "goals": GoalsSettings,
    "alerts": AlertsSettings,
    "dashboard": DashboardSettings,
}
ONLY_HERE = {("hubspot", "base_url"), ("hubspot", "access_token")} | {
    ("salesforce", name) for name in ("login_url", "client_id", "client_secret")
}
"""Addresses and credentials have no default, or another one than that of the stand-ins."""


# -- settings ----------------------------------------------------------------------------------------------------------


def _written() -> dict[str, set[str]]:
    """Section → the settings it shows, as they are or behind a "# "."""
    shown: dict[str, set[str]] = {}
    section = ""
    for line in EXAMPLE.splitlines():
        if header := re.fullmatch(r"\[+([a-z._]+)\]+", line):
            section = header[1]
            shown.setdefault(section, set())
            parent, _, name = section.rpartition(".")
            if parent:
                shown.setdefault(parent, set()).add(name)
        elif setting := re.match(r"(?:# )?([a-z_0-9]+) = ", line):
            shown[section].add(setting[1])
    return shown


def _names(model: type[BaseModel]) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


@pytest.mark.parametrize("section", SECTIONS)
def test_the_example_shows_every_setting(section: str) -> None:
    assert _written().get(section) == _names(SECTIONS[section])


def test_every_section_is_compared() -> None:
    assert {name.partition(".")[0] for name in SECTIONS} == _names(Settings)


def test_every_setting_is_explained_in_the_line_above() -> None:
    lines = EXAMPLE.splitlines()
    bare = [
        line
        for before, line in pairwise(lines)
        if re.match(r"(?:# )?[a-z_0-9]+ = ", line) and not re.match(r"# .+[.:)]", before) and not _in_a_list(line)
    ]
    assert not bare


def _in_a_list(line: str) -> bool:
    """Stages, fields, lead types and promises are explained together, above or in the first."""
    name = line.removeprefix("# ").partition(" ")[0]
    kinds = [getattr(parse(tomllib.loads(EXAMPLE)), kind) for kind in FRAMES]
    lists = (StatusSettings, LeadTypeSettings, PromiseSettings)
    told = {name for each in lists for name in _names(each)}
    return name in {*told, *DEAL_STAGES, *(name for kind in kinds for name in kind.all_fields)}


def test_the_document_of_the_agreement_shows_every_setting_of_a_goal() -> None:
    shown = (ROOT / "docs/agreement.md").read_text(encoding="utf-8")
    example = re.search(r"```toml\n(\[\[goals\.period\]\].*?)```", shown, re.DOTALL)
    assert example
    [period] = tomllib.loads(example[1])["goals"]["period"]
    assert set(period) == _names(GoalSettings)
    assert GoalsSettings.model_validate({"period": [period]}).period


def test_the_example_holds_the_defaults() -> None:
    given = tomllib.loads(EXAMPLE)
    least = {
        section: {name: given[section][name] for of, name in ONLY_HERE if of == section} for section, _ in ONLY_HERE
    }
    example, default = parse(given).model_dump(), parse(least).model_dump()
    # In the file each field stands as what it is; by default they are built in.
    for kind in FRAMES:
        for document, raw in ((example, given), (default, least)):
            fields = getattr(parse(raw), kind).all_fields
            document[kind]["fields"] = {name: field.model_dump() for name, field in fields.items()}
        assert list(given[kind]["fields"]) == list(default[kind]["fields"])
    assert example == default


def test_the_default_address_of_hubspot_is_named() -> None:
    assert f"Default: {HubSpotSettings.model_fields['base_url'].default}" in EXAMPLE


def _told_of_fields() -> dict[str, str]:
    """Setting of a field → its default as the comment shows it."""
    return dict(re.findall(r"^#   ([a-z_]+) = (…|\"[^\"]*\"|\w+|\{\})", EXAMPLE, re.MULTILINE))


def _rule(**more: Any) -> FieldRule:
    return field_rule("x", FieldSettings.model_validate({"hubspot": "x", "salesforce": "X", **more}), (), ())


def test_the_settings_of_a_field_are_explained_with_their_defaults() -> None:
    told = _told_of_fields()
    assert set(told) == _names(FieldSettings)
    for name, shown in told.items():
        if shown == "…":
            assert FieldSettings.model_fields[name].default is None
        else:
            assert _rule(**tomllib.loads(f"{name} = {shown}")) == _rule(), name


def test_the_example_works_against_the_stand_ins() -> None:
    world = World(1, 20, Clock(lambda: NOW))
    world.locate("http://127.0.0.1:8801", "http://127.0.0.1:8802")
    secrets = dict(re.findall(r"^#   export (\w+)=(\S+)$", EXAMPLE, re.MULTILINE))
    settings = parse(tomllib.loads(EXAMPLE))
    outside = compose.World(_Still(), lambda: "run", secrets, 1, world.transport())
    problems = check.check(compose.connectors(settings, outside), rules(settings))
    errors = [problem for problem in problems if problem.level == "error"]
    assert errors
    assert {problem.fix for problem in errors} == {"run `smarketing provision --apply`"}


def test_the_stand_ins_listen_where_the_example_looks() -> None:
    ports = inspect.signature(main.sandbox).parameters
    assert f"127.0.0.1:{ports['hubspot_port'].default}" in EXAMPLE
    assert f"127.0.0.1:{ports['salesforce_port'].default}" in EXAMPLE
    assert ports["seed"].default == 1


class _Still:
    """Time that stands."""

    def now_ms(self) -> int:
        return NOW

    def sleep(self, seconds: float) -> None:
        raise AssertionError(f"nothing should wait {seconds} s here")

    def random(self) -> float:
        return 0.5


# -- commands ----------------------------------------------------------------------------------------------------------


def _commands() -> Iterator[tuple[str, Any]]:
    """(name as it is typed, command), groups followed."""
    root: Any = typer.main.get_command(main.app)
    for name, command in root.commands.items():
        inner = getattr(command, "commands", None)
        if inner is None:
            yield name, command
        else:
            yield from ((f"{name} {sub}", found) for sub, found in inner.items())


NAMES = [name for name, _ in _commands()]


def _chapter(name: str) -> str:
    """What docs/commands.md says under the heading of a command."""
    found = re.search(rf"^## `smarketing {name}[^\n]*\n(.*?)(?=^## |\Z)", COMMANDS, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


@pytest.mark.parametrize("name", NAMES)
def test_every_command_is_documented_with_an_example(name: str) -> None:
    chapter = _chapter(name)
    assert re.search(rf"^(?:[A-Z_]+=\S+ )?smarketing (?:-\S+ (?:\S+ )?)*{name}\b", chapter, re.MULTILINE)


@pytest.mark.parametrize(("name", "command"), list(_commands()), ids=NAMES)
def test_every_option_is_documented(name: str, command: Any) -> None:
    chapter = _chapter(name)
    options = {o for p in command.params for o in p.opts if o.startswith("--")} - {"--help"}
    told = set(re.findall(r"^\| `(--[a-z-]+)", chapter, re.MULTILINE))
    assert told == options


def test_the_options_of_every_command_are_documented() -> None:
    root: Any = typer.main.get_command(main.app)
    options = {o for p in root.params for o in p.opts if o.startswith("--")}
    options -= {"--help", "--install-completion", "--show-completion"}
    told = set(re.findall(r"^\| `(--[a-z-]+)", COMMANDS.partition("\n## ")[0], re.MULTILINE))
    assert told == options


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_is_documented_and_tells_of_itself(name: str) -> None:
    rows = re.findall(r"^\| (`[a-z]+`(?:, `[a-z]+`)*) \|.*\| ([^|]*)\|$", _chapter("report"), re.MULTILINE)
    told = {one: set(re.findall("`(.*?)`", by)) for names, by in rows for one in re.findall("`(.*?)`", names)}
    assert told[name] == set(REPORTS[name].by)
    said = CliRunner().invoke(main.app, ["report", name, "--help"]).output
    assert f"smarketing report {name}" in said
    assert REPORTS[name].says[:40] in " ".join(said.split())


def test_no_command_is_documented_that_does_not_exist() -> None:
    assert set(re.findall(r"^## `smarketing ([a-z-]+(?: [a-z]+)?)", COMMANDS, re.MULTILINE)) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_readme_names_every_command(name: str) -> None:
    assert f"`{name.partition(' ')[0]}" in README or f"smarketing {name.partition(' ')[0]}" in README


def test_every_exit_code_is_documented() -> None:
    codes = {value for value in vars(exits).values() if isinstance(value, int)}
    table = COMMANDS.partition("## Exit codes")[2].partition("\n## ")[0]
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)} == codes


# -- rules -------------------------------------------------------------------------------------------------------------

FIVE = ("to", "winner", "when", "clears", "first")
ASKED = {
    "HubSpot alone changed": (Side("new", True, 1, 1), Side("old", False, 0, 0)),
    "Salesforce alone changed": (Side("old", False, 0, 0), Side("new", True, 1, 1)),
    "HubSpot was filled, Salesforce is blank": (Side("new", True, 1, 1), Side(None, False, 0, 0)),
    "Salesforce was filled, HubSpot is blank": (Side(None, False, 0, 0), Side("new", True, 1, 1)),
    "HubSpot was cleared": (Side(None, True, 1, 1), Side("old", False, 0, 0)),
    "Salesforce was cleared": (Side("old", False, 0, 0), Side(None, True, 1, 1)),
    "both changed, HubSpot later": (Side("A", True, 2, 2), Side("B", True, 1, 1)),
    "both changed, Salesforce later": (Side("A", True, 1, 1), Side("B", True, 2, 2)),
    "both changed, order unknown": (Side("A", True, 0, 2), Side("B", True, 1, 3)),
}
"""What happened → HubSpot's side, Salesforce's side."""
MET = {
    "different values": (Side("A", False, 1, 1), Side("B", False, 2, 2)),
    "HubSpot is blank": (Side(None, False, 0, 0), Side("B", False, 1, 1)),
    "Salesforce is blank": (Side("A", False, 1, 1), Side(None, False, 0, 0)),
}
ARROWS = {"hubspot": "to HubSpot", "salesforce": "to Salesforce"}
"""Who is written → how the tables say it."""


def _outcome(rule: FieldRule, case: tuple[Side, Side], met: bool) -> str:
    sides = dict(zip(("hubspot", "salesforce"), case, strict=True))
    verdict = merge(rule, sides, met=met, base="old" if met else None, rank=flat)
    return " and ".join(ARROWS[name] for name in sorted(verdict.writes)) or "stays"


def tables() -> Iterator[str]:
    """The tables of docs/rules.md, as the code decides."""
    yield "\n".join(
        ["| preset | to | winner | when | clears | first |", "|---|---|---|---|---|---|"]
        + [
            f"| `{name}` | " + " | ".join(PRESETS[name].get(key, DEFAULTS[key]) for key in FIVE) + " |"
            for name in PRESETS
        ]
    )
    for cases, met in ((ASKED, True), (MET, False)):
        # An opt-out, which only says yes, has a paragraph of its own.
        presets = [None, *(name for name in PRESETS if name != "opt_out")]
        rows = [f"| | {' | '.join(f'`{name}`' if name else '(default)' for name in presets)} |"]
        rows.append("|---" * (len(presets) + 1) + "|")
        for what, case in cases.items():
            rules = [_rule(**({"rule": preset} if preset else {})) for preset in presets]
            rows.append(f"| {what} | {' | '.join(_outcome(rule, case, met) for rule in rules)} |")
        yield "\n".join(rows)


DEFAULTS = {"to": "both", "winner": "latest", "when": "always", "clears": "authority", "first": "fill_blanks"}


def test_the_defaults_of_the_five_settings_are_these() -> None:
    assert _rule(**DEFAULTS) == _rule()


@pytest.mark.parametrize("number", range(3))
def test_the_tables_of_rules_are_what_the_code_decides(number: int) -> None:
    table = list(tables())[number]
    assert table in RULES, f"docs/rules.md needs:\n{table}"


# -- pages -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text(encoding="utf-8"))
    assert not [target for target in targets if not (page.parent / target).exists()]


def _toml_blocks() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for block in re.findall(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            yield page.name, block


@pytest.mark.parametrize(("page", "block"), list(_toml_blocks()))
def test_configuration_in_the_documents_is_valid(page: str, block: str) -> None:
    given = tomllib.loads(block)
    least = {
        "hubspot": {"access_token": "env:HUBSPOT_ACCESS_TOKEN"},
        "salesforce": {"login_url": "https://example.my.salesforce.com", "client_id": "x", "client_secret": "env:X"},
    }
    assert parse({**least, **given})


def test_the_page_of_definitions_is_that_of_the_example() -> None:
    rule = person_rule(parse(tomllib.loads(EXAMPLE)))
    assert (ROOT / "docs" / "vocabulary.md").read_text(encoding="utf-8") == definitions(rule)


def _told_modules() -> list[str]:
    """The paths in the tables of modules; a cell names the folder once."""
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    packages = page.partition("## The packages")[2].partition("\n## ")[0]
    found: list[str] = []
    for cell in re.findall(r"^\| (`[^|]+) \|", packages, re.MULTILINE):
        folder = ""
        for name in re.findall(r"`([^`]+)`", cell):
            folder = name.rpartition("/")[0] if name.endswith(".py") and "/" in name else folder
            found.append(name if "/" in name else f"{folder}/{name}")
    return found


def test_the_architecture_names_every_module_once() -> None:
    told = _told_modules()
    modules = [
        path.relative_to(ROOT).as_posix()
        for package in ("mapping", "state", "insight", "sync")
        for path in (ROOT / package).rglob("*.py")
        if path.name != "__init__.py" and "migrations" not in path.parts
    ]
    named = {
        module: [one for one in told if fnmatch(module, f"{one}*" if one[-1] == "/" else one)] for module in modules
    }
    assert not {module: places for module, places in named.items() if len(places) != 1}


def test_the_readme_links_to_every_document() -> None:
    for page in (ROOT / "docs").glob("*.md"):
        assert f"docs/{page.name}" in README
