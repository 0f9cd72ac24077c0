"""What can go wrong around the program: one clear sentence, the right exit code, and nothing half done."""

from __future__ import annotations

import resource
import signal
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sandbox.background import Addresses, running
from tests.endtoend import people
from tests.endtoend.deadly import Deadly
from tests.endtoend.program import Ended, Program, ended, engine, provisioned, settled

SEED, PEOPLE = 4, 150


@pytest.fixture(scope="module")
def world() -> Iterator[tuple[Deadly, Addresses]]:
    made = Deadly(SEED, PEOPLE)
    with running(made) as addresses:
        yield made, addresses


@pytest.fixture
def program(world: tuple[Deadly, Addresses], tmp_path: Path) -> Program:
    """Installed beside systems with all their fields, where nothing was synchronised yet."""
    made, addresses = world
    made.reset(SEED, PEOPLE)
    program = Program.installed(tmp_path, addresses)
    provisioned(program)
    return program


def told(done: Ended, code: int, *words: str) -> None:
    """A plain failure: this exit code, a few lines that hold these words, no stack trace, no secret."""
    assert done.code == code, done
    assert "Traceback" not in done.err
    assert not done.out.strip()
    assert 1 <= len([line for line in done.err.splitlines() if line.strip()]) <= 6, done.err
    missing = [word for word in words if word not in " ".join(done.err.split())]
    assert not missing, done.err


# -- credentials and configuration -------------------------------------------------------------------------------------


def test_a_wrong_hubspot_token(program: Program) -> None:
    program.environment["HUBSPOT_ACCESS_TOKEN"] = "pat-eu1-wrong"
    done = program.run("sync")
    told(done, 3, "HubSpot", "hubspot.access_token")
    assert "pat-eu1-wrong" not in done.err


def test_a_wrong_client_secret(program: Program) -> None:
    program.environment["SALESFORCE_CLIENT_SECRET"] = "not-the-secret"
    done = program.run("sync")
    told(done, 3, "client_secret")
    assert "not-the-secret" not in done.err


def test_a_missing_scope_is_named(program: Program, world: tuple[Deadly, Addresses]) -> None:
    made = world[0]
    token = made.hubspot.auth.tokens[made.hubspot.access_token]
    narrow = token.scopes - {"crm.objects.contacts.write"}
    made.hubspot.auth.private(made.hubspot.access_token, made.hubspot.app_id, narrow)
    told(program.run("backfill"), 3, "crm.objects.contacts.write")
    checked = program.run("check")
    assert checked.code == 1
    assert "crm.objects.contacts.write" in " ".join(checked.out.split())


def test_kinds_that_nobody_asked_for_are_left_out_where_the_account_lacks_them(
    program: Program, world: tuple[Deadly, Addresses]
) -> None:
    made = world[0]
    token = made.hubspot.auth.tokens[made.hubspot.access_token]
    narrow = {scope for scope in token.scopes if ".deals." not in scope}
    made.hubspot.auth.private(made.hubspot.access_token, made.hubspot.app_id, frozenset(narrow))
    report = program.json("sync")
    assert report["status"] == "done"
    assert "crm.objects.deals.read" in report["message"]
    assert not [name for name in report["objects"] if "deal" in name]
    program.configure("[deal]\nsync = true\n")
    told(program.run("sync"), 3, "crm.objects.deals.read")


def test_a_secret_that_is_not_there(program: Program) -> None:
    del program.environment["HUBSPOT_ACCESS_TOKEN"]
    told(program.run("sync"), 2, "hubspot.access_token", "HUBSPOT_ACCESS_TOKEN", "is not set")


def test_every_problem_of_a_configuration_is_told_at_once(program: Program) -> None:
    program.configure(
        '[budget.hubspot]\ncalls_per_dya = 5\n[person.create]\nsalesforce = "stage >= mqll"\n'
        '[schedule]\nsync = "sometimes"\n'
    )
    told(
        program.run("sync"), 2, "3 problems", "budget.hubspot.calls_per_dya", "did you mean calls_per_day",
        "schedule.sync", "every 2 minutes", "person.create.salesforce", "mqll",
    )  # fmt: skip
    assert not (program.folder / "state.db").exists()


def test_no_configuration_at_all(program: Program) -> None:
    told(program.run("--config", "nowhere.toml", "sync"), 2, "nowhere.toml", "smarketing init")


def test_a_wrong_option(program: Program) -> None:
    told(program.run("sync", "--record", "salesfrce:00Q"), 2, "SIDE:ID")
    told(program.run("sync", "--object", "invoice"), 2, "invoice", "person")


def test_nobody_answers(program: Program) -> None:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        program.configure(hubspot=f"http://127.0.0.1:{probe.getsockname()[1]}")
        told(program.run("sync"), 1, "hubspot", "reach")


def test_a_port_in_use(program: Program) -> None:
    port = program.addresses.hubspot.rpartition(":")[2]
    told(program.run("sandbox", "--hubspot-port", port, "--people", "5"), 1, f"127.0.0.1:{port}", "choose another")


# -- the state ---------------------------------------------------------------------------------------------------------


def test_a_database_that_is_not_ours(program: Program) -> None:
    with closing(sqlite3.connect(program.folder / "state.db")) as other:
        other.execute("CREATE TABLE invoices (id)")
        other.commit()
    told(program.run("sync"), 2, "tables that are not ours")


def test_a_file_that_is_no_database(program: Program) -> None:
    (program.folder / "state.db").write_text("Dear diary, " * 100)
    told(program.run("status"), 2, "not a SQLite database")


def test_a_database_of_a_newer_version(program: Program) -> None:
    with engine(program):
        pass
    with closing(sqlite3.connect(program.folder / "state.db")) as state:
        tables = [name for (name,) in state.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        (table,) = [name for name in tables if "version" in name or "revision" in name]
        state.execute(f"UPDATE {table} SET version_num = '9999'")
        state.commit()
    told(program.run("sync"), 2, "newer version")


def test_a_database_that_somebody_keeps_locked(program: Program) -> None:
    with engine(program):
        pass
    with closing(sqlite3.connect(program.folder / "state.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        told(program.run("sync"), 2, "in use by another process")


def test_another_run_holds_the_lease(program: Program) -> None:
    with engine(program) as ours:
        lease = ours.store.lease("sync", "another:1", ours.now(), 600_000)
        told(program.run("sync"), 5, "another")
        ours.store.release(lease)


def test_the_disk_is_full_in_the_middle_of_a_backfill(program: Program, world: tuple[Deadly, Addresses]) -> None:
    with engine(program):
        pass
    room = 200_000

    def little_room() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    told(program.run("backfill", preexec_fn=little_room), 2, "state.db")
    finish(program, world)


# -- stopped -----------------------------------------------------------------------------------------------------------


def finish(program: Program, world: tuple[Deadly, Addresses]) -> None:
    """The same command goes on and comes to the end, and nobody is there twice."""
    done = program.run("--json", "backfill")
    assert done.code in (0, 1), done.err
    assert done.document["accounted"] is True
    settled(program, world[0])
    assert not people.twice(world[0])
    with engine(program, ahead=60_000) as ours:
        assert not ours.store.backlog()
        before = people.frozen(world[0])
        assert ours.cycle().accounted
    assert people.frozen(world[0]) == before


def test_ctrl_c_in_a_backfill(program: Program, world: tuple[Deadly, Addresses]) -> None:
    with program.start("backfill") as process:
        world[0].aim(lambda: process.send_signal(signal.SIGINT), 18, "after")
        done = ended(process)
    told(done, 130, "Nothing is lost")
    finish(program, world)


def test_sigterm_stops_the_daemon_after_the_cycle_in_hand(program: Program, world: tuple[Deadly, Addresses]) -> None:
    with program.start("run") as process:
        world[0].aim(lambda: process.send_signal(signal.SIGTERM), 18, "after")
        done = ended(process)
    assert done.code == 0, done.err
    assert "Traceback" not in done.err
    with engine(program) as ours:
        (run,) = ours.store.runs()
        assert run.outcome in ("done", "partial")


def test_the_budget_of_the_day_ends_a_backfill_that_goes_on_later(
    program: Program, world: tuple[Deadly, Addresses]
) -> None:
    program.configure("[budget.hubspot]\ncalls_per_day = 17\n")
    done = program.run("--json", "backfill")
    assert done.code == 4, done.err
    assert done.document["status"] == "paused"
    assert "daily budget of 17 calls is spent" in done.document["message"]
    assert done.document["accounted"] is True
    again = program.run("--json", "backfill")
    assert again.code == 4
    assert again.document["api_calls"]["hubspot"] == 0
    program.configure()
    finish(program, world)
