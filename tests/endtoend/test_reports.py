"""Reports over the published funnel, through the whole loop over HTTP: their figures are those of the raw files."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import pytest

from insight.reports.document import Period
from sandbox import datasets
from sandbox.background import running
from sandbox.world import World
from sync.config import load
from sync.insight.known import Known, known
from sync.insight.reports import REPORTS, TWO_MODELS
from tests.endtoend.program import Program, engine, provisioned, real_clock
from tests.sandbox.world.test_datasets import SHARED, needs_olist

EVERY = 12
"""A part of the funnel tells as much as the whole: `--dataset` serves all of it."""


class Raw(NamedTuple):
    """The rows that are served."""

    leads: list[dict[str, str]]
    won: list[dict[str, str]]

    def days(self) -> list[int]:
        """From the first contact to the win."""
        first = {row["mql_id"]: date.fromisoformat(row["first_contact_date"]) for row in self.leads}
        return [(date.fromisoformat(row["won_date"][:10]) - first[row["mql_id"]]).days for row in self.won]


class Funnel(NamedTuple):
    """The program, what its stand-ins serve, and what its state knows of that."""

    program: Program
    raw: Raw
    known: Known


def part(folder: Path) -> Raw:
    """Write some of the leads, all that were won before their first contact among them, and their deals."""
    data = datasets.load(SHARED)
    early = {
        row["mql_id"]
        for row in data.leads
        if (deal := data.won.get(row["mql_id"])) and deal["won_date"][:10] < row["first_contact_date"]
    }
    leads = [row for n, row in enumerate(data.leads) if n % EVERY == 0 or row["mql_id"] in early]
    won = [data.won[row["mql_id"]] for row in leads if row["mql_id"] in data.won]
    write(folder / datasets.LEADS, leads)
    write(folder / datasets.DEALS, won)
    return Raw(leads, won)


def write(path: Path, lines: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)


@pytest.fixture(scope="module")
def funnel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Funnel]:
    """The program after a backfill of a part of the published funnel."""
    folder = tmp_path_factory.mktemp("funnel")
    raw = part(folder)
    with running(World(1, 0, real_clock(), folder)) as addresses:
        program = Program.installed(folder, addresses)
        provisioned(program)
        with engine(program) as ours:
            assert ours.cycle("backfill", full=True, muted=True).as_json()["accounted"]
            found = known(load(folder / "config.toml"), ours.mappings(), ours.store, real_clock().now())
        yield Funnel(program, raw, found)


def rows(known: Known, name: str) -> list[dict[str, Any]]:
    document = REPORTS[name].make(known, Period(), "", TWO_MODELS).as_json()
    found: list[dict[str, Any]] = document["rows"]
    return found


@needs_olist
def test_sources_are_those_of_the_files(funnel: Funnel) -> None:
    _, raw, known = funnel
    won = {row["mql_id"] for row in raw.won}
    leads = Counter(row["origin"] or "(none)" for row in raw.leads)
    wins = Counter(row["origin"] or "(none)" for row in raw.leads if row["mql_id"] in won)
    found = {row["detail"]: row for row in rows(known, "sources")}
    total = found.pop("total")
    assert {name: row["leads"] for name, row in found.items()} == leads
    assert {name: row["won_people"] for name, row in found.items() if row["won_people"]} == wins
    assert (total["leads"], total["won"]["numerator"], total["deals_won"]) == (len(raw.leads), len(won), len(won))
    revenue = sum(Decimal(row["declared_monthly_revenue"] or 0) for row in raw.won)
    assert Decimal(total["revenue"]) == revenue


@needs_olist
def test_pages_are_those_of_the_files(funnel: Funnel) -> None:
    _, raw, known = funnel
    leads = Counter(row["landing_page_id"] for row in raw.leads)
    found = {row["page"].rsplit("/", 1)[-1]: row["leads"] for row in rows(known, "pages")}
    assert found.pop("total") == len(raw.leads)
    assert found == leads


@needs_olist
def test_outcomes_and_days_are_those_of_the_files(funnel: Funnel) -> None:
    _, raw, known = funnel
    won = next(row for row in rows(known, "outcomes") if row["outcome"] == "won")
    assert won["deals"] == len(raw.won)
    days = raw.days()
    speed = rows(known, "velocity")[-1]
    assert speed["days_median"] == median(days)
    assert speed["days_mean"] == pytest.approx(sum(days) / len(days))
    assert speed["before_first_contact"] == sum(number < 0 for number in days) > 0


@needs_olist
def test_a_report_is_one_page_that_a_browser_shows(funnel: Funnel, tmp_path: Path) -> None:
    program, raw, _ = funnel
    page = tmp_path / "sources.html"
    done = program.run("report", "sources", "--records", "--html", str(page))
    assert done.code == 0, done.err
    text = page.read_text("utf-8")
    # Names of XML's own vocabularies look like addresses, but nothing is fetched from them.
    outside = set(re.findall(r'(?:src|href|url\()\s*=?\s*["\']?(?!#)(\w+:[^"\')\s>]+)', text))
    assert not {address for address in outside if not address.startswith("http://www.w3.org/")}
    if (browser := shutil.which("chromium") or shutil.which("google-chrome")) is None:
        pytest.skip("no Chromium is on this machine: the page is not opened in a browser")
    shown = subprocess.run(
        [
            browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
            "--disable-background-networking", f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page.as_uri(),
        ],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert f"{len(raw.leads):,}" in shown.stdout
    assert "<svg" in shown.stdout


@needs_olist
def test_a_report_as_csv_has_the_parts_of_each_ratio(funnel: Funnel) -> None:
    program, raw, _ = funnel
    found = list(csv.DictReader(program.run("report", "sources", "--csv").out.splitlines()))
    assert int(found[-1]["won_denominator"]) == len(raw.leads)
    assert int(found[-1]["won_numerator"]) == len(raw.won)


@needs_olist
def test_every_number_leads_to_its_records_in_every_format(funnel: Funnel) -> None:
    program, raw, _ = funnel
    found = list(csv.DictReader(program.run("report", "sources", "--csv", "--records").out.splitlines()))
    behind = found[-1]["won_people_records"].split()
    assert len(behind) == len(set(behind)) == len(raw.won)
    told = json.loads(program.run("--json", "report", "sources", "--records").out)
    assert told["rows"][-1]["records"]["won_people"] == behind
    shown = program.run("report", "outcomes", "--records").out
    assert f"won: deals ({len(raw.won):,}): " in shown
    known = json.loads(program.run("--json", "explain", behind[0]).out)
    assert behind[0].partition(":")[2] in json.dumps(known)


@needs_olist
def test_the_page_of_the_review_holds_pages_and_content(funnel: Funnel, tmp_path: Path) -> None:
    page = tmp_path / "review.html"
    assert funnel.program.run("report", "review", "--html", str(page)).code == 0
    held = re.findall(r"<h2>(\w+)</h2>", page.read_text("utf-8"))
    assert {"review", "pages", "content", "attribution"} <= set(held)
    assert "Frozen on " in page.read_text("utf-8")
    first = json.loads(funnel.program.run("--json", "report", "review").out)
    assert json.loads(funnel.program.run("--json", "report", "review").out) == first
    assert first["notes"][0].startswith("Frozen on ")


@needs_olist
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("report", "pages", "--by", "owner"), "not by 'owner'"),
        (("report", "funnel", "--from", "May"), "is a date"),
        (("report", "funnel", "--from", "2026-02-01", "--to", "2026-01-01"), "lies before"),
    ],
)
def test_what_cannot_be_reported_is_said_in_one_sentence(funnel: Funnel, words: tuple[str, ...], told: str) -> None:
    done = funnel.program.run(*words)
    assert done.code == 2
    assert told in done.err.replace("\n", " ")
    assert "Traceback" not in done.err
