"""The page of a plan in a real browser: what it shows is what the document says."""

from __future__ import annotations

from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import orjson
import pytest

from sync.console import planned
from sync.console.planned import Shown
from tests.browser import NoBrowserError, Page, browser
from tests.trust.lives import careful

SHOWN = "[...document.querySelectorAll('#rows tr')].map((row) => [...row.cells].map((cell) => cell.textContent))"
NEW, EDITED = 120, 3


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, Any], Path]]:
    """A plan as a document and as a page."""
    folder = tmp_path_factory.mktemp("page")
    with careful() as life:
        people = [life.couple(f"old{n}", city="Bonn") for n in range(EDITED)]
        for n, (contact, lead) in enumerate(people):
            life.edit("hubspot", "contacts", contact, city='</script><b>"Köln" ✓' if n else "Hof")
            life.edit("salesforce", "Lead", lead, Status="Nobody knows this" if n == 1 else "Open - Not Contacted")
        for n in range(NEW):
            life.contact(f"new{n}")
        life.later()
        plan = life.save(folder / "plan.json")
        planned.write_html(folder / "plan.html", Shown(life.look(), {}), "now")
    yield orjson.loads(plan.read_bytes()), folder / "plan.html"


@pytest.fixture(scope="module")
def page(made: tuple[dict[str, Any], Path]) -> Iterator[Page]:
    try:
        with browser() as page:
            page.open(made[1])
            yield page
            assert not page.complaints
            assert page.fetched == [made[1].as_uri()], "the page needs nothing but itself"
    except NoBrowserError as reason:
        pytest.skip(str(reason))


def _rows(operations: list[dict[str, Any]]) -> list[list[str]]:
    """What the table says of these writes."""
    rows = []
    for one in operations:
        head = f"{one['side']} {one['record']}" + (f" (new, for {one['who']})" if one["action"] == "create" else "")
        for name, change in one["fields"].items():
            said = [_cell(change["old"]), _cell(change["new"]), f"{change['why']} ({change['rule']})"]
            rows.append([head, name, *said])
            head = ""
    return rows


def _cell(value: Any) -> str:
    if value is None:
        return "(blank)"
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _found(page: Page, many: int, *, effect: str = "", text: str = "", list_: str = "operations") -> list[list[str]]:
    """Everything the page shows for a search, page by page."""
    for id, value in {"list": list_, "effect": effect, "text": text}.items():
        page.fill(id, value)
    rows: list[list[str]] = []
    for first in range(0, max(many, 1), 50):
        told = f"{first + 1} to {min(first + 50, many)} of {many}" if many else "none"
        page.until(f"document.getElementById('where').textContent === {told!r}")
        rows += page.ask(SHOWN)
        if first + 50 < many:
            page.click("on")
    return rows


def test_every_write_is_shown_as_the_document_says(made: tuple[dict[str, Any], Path], page: Page) -> None:
    operations = made[0]["operations"]
    assert len(operations) >= NEW + EDITED
    assert _found(page, len(operations)) == _rows(operations)


def test_a_search_finds_the_same_as_in_the_document(made: tuple[dict[str, Any], Path], page: Page) -> None:
    operations = made[0]["operations"]
    new = [one for one in operations if one["action"] == "create"]
    assert _found(page, len(new), effect="creates") == _rows(new)
    (one,) = [one for one in operations if "new77@" in orjson.dumps(one).decode()]
    assert _found(page, 1, text="NEW77@prospect") == _rows([one])
    odd = [one for one in operations if "Köln" in str(one)]
    assert odd
    assert _found(page, len(odd), text='</script><b>"köln" ✓') == _rows(odd)
    assert _found(page, 0, text="nowhere to be found") == []


def test_what_is_held_is_shown_with_its_cause(made: tuple[dict[str, Any], Path], page: Page) -> None:
    held = made[0]["held"]
    assert held
    shown = _found(page, len(held), list_="held")
    assert [row[4] for row in shown] == [one["fix"] for one in held]


def test_counts_and_samples_are_read_without_javascript(made: tuple[dict[str, Any], Path]) -> None:
    still = unescape(made[1].read_text(encoding="utf-8").partition("<script")[0])
    for where, many in made[0]["summary"]["effects"].items():
        assert f">{many:,}</td>" in still, where
    assert "new0@prospect.example" in still
    assert made[0]["held"][0]["fix"] in still
