"""Every command once, as people and scripts use it: what it prints, the shape of its JSON, and its exit code."""

from __future__ import annotations

import csv
import json
import re
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import main
from sandbox.background import running
from sandbox.kernel import SEED
from tests.endtoend import people
from tests.endtoend.deadly import Deadly
from tests.endtoend.program import Ended, Program, ended, later

COMMANDS = (
    "demo", "sandbox", "init", "check", "provision", "plan", "apply", "undo", "sync", "backfill", "run", "status",
    "errors list", "errors retry", "errors export", "explain", "rebuild", "erase", "export-person", "reconcile",
    "score train", "score show", "score explain", "config diff", "map suggest",
    "duplicates list", "duplicates link", "duplicates dismiss",
)  # fmt: skip
FATES = {"read", "applied", "unchanged", "held", "skipped", "parked", "deleted", "merged", "written"}
WRITTEN = {"created", "updated", "archived", "associated", "failed"}
RUN = re.compile(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-[0-9a-f]{4}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_explains_a_command_with_an_example(command: str) -> None:
    shown = CliRunner().invoke(main.app, [*command.split(), "--help"])
    assert shown.exit_code == 0
    assert f"smarketing {command}" in " ".join(shown.output.split("Example:")[1].split())


def test_help_without_a_command_lists_them_all() -> None:
    shown = CliRunner().invoke(main.app, ["--help"])
    assert not [command for command in COMMANDS if command.split()[0] not in shown.output]


class Story:
    """One installation from the first command to the last; each test looks at what one of them answered."""

    def __init__(self, program: Program, world: Deadly) -> None:
        self.program = program
        self.world = world
        self.said: dict[str, Ended] = {}
        self.before_plan: Any = None
        self.after_plan: Any = None

    def tell(self) -> None:
        """In the order in which an admin would."""
        self.ask("check first", "--json", "check")
        self.ask("lacking", "--json", "provision")
        self.ask("provision", "--json", "provision", "--apply")
        self.ask("check", "check")
        self.before_plan = people.frozen(self.world)
        self.ask("plan", "--json", "plan", "--out", "plan.json")
        self.ask("dry", "backfill", "--dry-run", "--limit", "10")
        self.after_plan = people.frozen(self.world)
        self.ask("slice", "--json", "backfill", "--limit", "20")
        self.ask("backfill", "--json", "backfill")
        later(self.world)
        self.ask("sync", "sync")
        self.ask("suggested", "map", "suggest", "--object", "person")
        self.ask("suggestions", "--json", "map", "suggest")
        self.held = self.hold_somebody()
        later(self.world)
        self.ask("one", "--json", "sync", "--record", f"hubspot:{self.held}")
        self.ask("errors", "--json", "errors", "list")
        self.ask("who", "--json", "duplicates", "list")
        doubt = self.said["who"].document["duplicates"][0]
        side, _, id = doubt["records"][0].split(":")
        self.ask("dismissed", "duplicates", "dismiss", str(doubt["id"]))
        self.ask("dismissed again", "duplicates", "dismiss", str(doubt["id"]))
        self.ask("link refused", "--json", "duplicates", "link", f"{side}:{id}", f"{side}:{id}")
        self.ask("link nobody", "duplicates", "link", f"{side}:{id}", "hubspot:1")
        self.ask("who then", "duplicates", "list", "--json")
        self.ask("export", "errors", "export", "held.csv")
        self.ask("retry", "--json", "errors", "retry")
        self.ask("status", "--json", "status")
        self.ask("explain", "--json", "explain", f"hubspot:{self.held}")
        self.ask("explain by address", "explain", "Test.Case@prospect.example")
        self.ask("nobody", "explain", "nobody@prospect.example")
        later(self.world)
        self.ask("rebuild", "--json", "rebuild")
        later(self.world)
        self.ask("compared", "reconcile")
        self.ask("compared again", "--json", "reconcile")
        self.ask("told", "export-person", f"hubspot:{self.held}")
        self.ask("told whole", "--json", "export-person", "test.case@prospect.example")
        self.ask("erasure plan", "--json", "erase", f"hubspot:{self.held}")
        self.ask("erased", "erase", "--yes", f"hubspot:{self.held}")
        self.ask("erased nobody", "--json", "erase", "--yes", "test.case@prospect.example")

    def hold_somebody(self) -> str:
        """Somebody whom a validation rule refuses."""
        with self.world.lock:
            self.world.salesforce.install("block_last_name_test")
            values = {"email": "test.case@prospect.example", "lastname": "Test", "lifecyclestage": "customer"}
            return self.world.hubspot.create("contacts", values, SEED)

    def ask(self, name: str, *arguments: str) -> None:
        """Keep what a command answers."""
        self.said[name] = self.program.run(*arguments)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with ExitStack() as stack:
        world = Deadly(3, 80)
        addresses = stack.enter_context(running(world))
        story = Story(Program.installed(tmp_path_factory.mktemp("story"), addresses), world)
        story.tell()
        yield story


def test_nothing_but_the_document_is_on_standard_output(story: Story) -> None:
    for name in ("check first", "lacking", "provision", "plan", "slice", "backfill", "errors", "status", "rebuild"):
        assert isinstance(story.said[name].document, dict), name


def test_check_names_what_is_lacking_and_the_exact_fix(story: Story) -> None:
    said = story.said["check first"]
    assert said.code == 1
    problems = said.document["problems"]
    assert all({"level", "where", "what", "fix"} == set(problem) for problem in problems)
    assert any("provision --apply" in problem["fix"] for problem in problems if problem["level"] == "error")


def test_check_is_content_once_everything_is_there(story: Story) -> None:
    assert story.said["check"].code == 0, story.said["check"].out


def test_provision_lists_what_it_lacks_and_makes_it_only_when_told(story: Story) -> None:
    lacking, made = story.said["lacking"].document, story.said["provision"].document
    assert lacking["created"] is None
    assert lacking["missing"] == made["missing"]
    assert {f"{field['side']}.{field['object']}.{field['field']}" for field in lacking["missing"]} == set(
        made["created"]
    )


def test_plan_says_every_write_field_by_field_and_writes_nothing(story: Story) -> None:
    said = story.said["plan"]
    assert said.code == 0
    document = said.document
    assert {"operations", "held", "summary"} <= set(document)
    for operation in document["operations"]:
        assert set(operation) >= {"id", "object", "side", "action", "record", "who", "fields"}
        assert operation["action"] in ("create", "update", "archive", "associate")
        assert operation["side"] in ("hubspot", "salesforce")
        assert all(set(field) == {"old", "new", "rule", "why"} for field in operation["fields"].values())
    assert json.loads((story.program.folder / "plan.json").read_text())["operations"] == document["operations"]
    assert story.before_plan == story.after_plan


def test_a_backfill_that_is_only_tried_writes_nothing(story: Story) -> None:
    assert story.said["dry"].code == 0
    assert story.before_plan == story.after_plan


def test_a_slice_is_no_more_than_was_asked_for(story: Story) -> None:
    sides = story.said["slice"].document["objects"]["person"]
    decided = sum(side["applied"] + side["held"] for side in sides.values())
    assert 0 < decided <= 2 * 20


@pytest.mark.parametrize("name", ["backfill", "slice", "rebuild"])
def test_a_run_accounts_for_itself_in_the_agreed_shape(name: str, story: Story) -> None:
    said = story.said[name]
    document = said.document
    assert said.code == {"done": 0, "partial": 1}[document["status"]]
    assert set(document) - {"message"} == {
        "run", "status", "muted", "seconds", "objects", "conflicts", "links", "api_calls", "accounted",
    }  # fmt: skip
    assert RUN.fullmatch(document["run"])
    assert document["muted"] is True
    assert document["accounted"] is True
    assert set(document["links"]) == {"made", "suggested"}
    assert set(document["api_calls"]) == set(document["objects"]["person"]) == {"hubspot", "salesforce"}
    for side in document["objects"]["person"].values():
        assert set(side) == FATES
        assert set(side["written"]) == WRITTEN
        assert side["read"] == sum(side[fate] for fate in FATES - {"read", "written"})


def test_a_sync_after_the_backfill_says_that_nothing_was_written(story: Story) -> None:
    said = story.said["sync"]
    assert said.code in (0, 1)
    assert "updated there" not in said.out
    assert "created there" not in said.out


def test_suggested_mappings_are_lines_to_paste(story: Story) -> None:
    said = story.said["suggested"]
    assert said.code == 0
    fields = tomllib.loads(said.out)["person"]["fields"]
    document = story.said["suggestions"].document
    assert set(document) == {"kinds", "calls"}
    assert set(document["kinds"]) == {"company", "person", "deal"}
    people = document["kinds"]["person"]
    assert people["linked"] > 0
    assert fields == {each["field"]: each["settings"] for each in people["suggestions"]}
    assert fields["fax"] == {"hubspot": "fax", "salesforce": "Fax", "type": "phone"}


def test_who_is_who_is_listed_dismissed_once_and_linked_only_across_the_sides(story: Story) -> None:
    said = {name: story.said[name] for name in ("who", "dismissed", "dismissed again", "link refused", "link nobody")}
    assert {name: ended.code for name, ended in said.items()} == {
        "who": 0, "dismissed": 0, "dismissed again": 1, "link refused": 1, "link nobody": 1,
    }  # fmt: skip
    first, *rest = said["who"].document["duplicates"]
    assert set(first) == {"id", "question", "records", "why", "probability", "for", "against", "since", "fix"}
    assert story.said["who then"].document["duplicates"] == rest
    refused = said["link refused"].document
    assert not refused["linked"] and "merge them there" in refused["refused"]


def test_held_records_make_exit_code_1_and_are_listed_with_cause_field_value_and_fix(story: Story) -> None:
    assert story.said["one"].code == 1
    (held,) = [error for error in story.said["errors"].document["errors"] if story.held in str(error["who"])]
    assert held["code"] == "FIELD_CUSTOM_VALIDATION_EXCEPTION"
    assert (held["field"], held["message"]) == ("LastName", "Test records are not allowed here.")
    assert "Test" in str(held["value"])
    assert "Validation Rules" in held["fix"]
    assert MOMENT.fullmatch(held["since"])


def test_held_records_are_exported_as_a_table(story: Story) -> None:
    assert story.said["export"].code == 0
    with (story.program.folder / "held.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert any("FIELD_CUSTOM_VALIDATION_EXCEPTION" in row.values() for row in rows)


def test_errors_retry_says_how_many(story: Story) -> None:
    assert story.said["retry"].code == 0
    assert story.said["retry"].document["retried"] >= 1


def test_status_says_how_far_it_read_and_what_waits(story: Story) -> None:
    document = story.said["status"].document
    assert {(cursor["side"], cursor["object"]) for cursor in document["cursors"]} == {
        ("hubspot", "companies"), ("salesforce", "Account"),
        ("hubspot", "contacts"), ("salesforce", "Lead"), ("salesforce", "Contact"),
        ("hubspot", "deals"), ("salesforce", "Opportunity"),
        *(("hubspot", object) for object in ("calls", "emails", "meetings", "notes", "tasks")),
        ("salesforce", "Task"), ("salesforce", "Event"),
    }  # fmt: skip
    assert all(MOMENT.fullmatch(cursor["until"]) for cursor in document["cursors"])
    assert [run["job"] for run in document["runs"]][-1] in ("plan", "backfill")
    assert {"cause", "records"} <= set(document["errors"][0])


def test_explain_tells_the_life_of_one_person(story: Story) -> None:
    document = story.said["explain"].document
    assert document["records"][0]["id"] == story.held
    assert document["fields"]["last_name"]["sides"]["hubspot"]["value"] == "Test"
    assert document["fields"]["last_name"]["rule"]["winner"]
    assert "Test" in story.said["explain by address"].out


def test_explain_of_nobody_says_what_would_be_right(story: Story) -> None:
    assert story.said["nobody"].code == 1
    assert "Nobody is known as nobody@prospect.example" in story.said["nobody"].err
    assert not story.said["nobody"].out


def test_rebuild_keeps_every_link_and_writes_nothing(story: Story) -> None:
    sides = story.said["rebuild"].document["objects"]["person"]
    assert {what: sides[side]["written"][what] for side in sides for what in ("created", "updated")} == {
        "created": 0, "updated": 0,
    }  # fmt: skip
    assert not people.twice(story.world)


def test_init_writes_a_first_configuration_and_never_over_another(story: Story, tmp_path: Path) -> None:
    program = Program(tmp_path, story.program.addresses, {})
    assert program.run("init", "--yes").code == 0
    assert 'access_token = "env:HUBSPOT_ACCESS_TOKEN"' in (tmp_path / "config.toml").read_text()
    again = program.run("init", "--yes")
    assert again.code == 2
    assert "exists already" in again.err


def test_sandbox_announces_itself_in_one_line_and_stops_when_told(story: Story, tmp_path: Path) -> None:
    ports = ("--hubspot-port", "0", "--salesforce-port", "0", "--control-port", "0")
    with Program(tmp_path, story.program.addresses, {}).start("sandbox", *ports, "--people", "5") as process:
        told = json.loads(process.stdout.readline())
        process.terminate()
        assert ended(process) == (0, "", "")
    assert set(told) == {"hubspot", "salesforce", "control_url"}
    assert set(told["hubspot"]) == {"base_url", "access_token", "client_id", "client_secret", "refresh_token"}
    assert set(told["salesforce"]) == {
        "login_url", "client_id", "client_secret", "username", "password", "security_token", "private_key_file",
    }  # fmt: skip


def test_the_configuration_is_found_by_the_environment(story: Story, tmp_path: Path) -> None:
    program = Program(tmp_path, story.program.addresses, story.program.environment)
    named = {"SMARKETING_CONFIG": str(story.program.folder / "config.toml")}
    assert program.run("--json", "status", environment=named).document["cursors"]


def test_a_person_is_told_and_erased(story: Story) -> None:
    assert "test.case@prospect.example" in story.said["told"].out
    (record,) = story.said["told whole"].document["records"]
    assert (record["side"], record["id"]) == ("hubspot", story.held)
    plan = story.said["erasure plan"]
    assert (plan.code, plan.document["carried_out"], len(plan.document["plan"])) == (1, False, 1)
    erased = story.said["erased"]
    assert erased.code == 0
    assert "Receipt" in erased.out
    assert "test.case" not in erased.out
    assert story.said["erased nobody"].code == 1
    assert story.world.hubspot.get("contacts", story.held) is None


def test_both_sides_are_compared_and_nothing_had_gone_unnoticed(story: Story) -> None:
    assert "Nothing had gone unnoticed" in story.said["compared"].out
    said = story.said["compared again"]
    assert said.document["differences"]["unnoticed"] == []
    assert {"object", "field", "why", "records", "ids", "cut"} == set(said.document["differences"]["remaining"][0])
    assert sum(side["written"]["updated"] for side in said.document["objects"]["person"].values()) == 0
