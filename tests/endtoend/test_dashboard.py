"""The dashboard over real HTTP: behind its token, read only, without an address outside of it, with true figures."""

from __future__ import annotations

import base64
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from connectors.errors import Misconfigured
from mapping.rules import KINDS
from sync import compose
from sync.config import ConfigError, parse
from sync.console.dashboard import HEADERS, admitted, app, serving
from sync.console.panels import Panels
from sync.insight.reports import REPORTS
from tests.endtoend.program import Program, provisioned
from tests.endtoend.program import served as world_of
from tests.scenarios.stage import MINUTE, Stage

TOKEN = "a token that nobody guesses"
LEAST = {
    "hubspot": {"access_token": "env:T"},
    "salesforce": {"login_url": "https://x.example", "client_id": "c", "client_secret": "env:S"},
}
PAGES = ("/", "/errors", "/charts", "/reports", "/metrics", *(f"/reports/{name}" for name in ("funnel", "review")))


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """One person who was made a lead, and one who is held."""
    stage = Stage()
    stage.begin()
    for name in ("ann", ""):
        contact = {"email": f"{name}x@prospect.example", "lastname": name, "lifecyclestage": "marketingqualifiedlead"}
        stage.world.hubspot.create("contacts", contact | {"company": "Acme"}, stage.human("hubspot"))
    for _ in range(2):
        stage.clock.advance(3 * MINUTE)
        stage.sync()
    yield stage
    stage.close()


@pytest.fixture(scope="module")
def served(stage: Stage) -> Iterator[httpx.Client]:
    engine = compose.engine(stage.settings(), stage.outside(), stage.state)
    engine.cycle()
    panels = Panels(
        stage.state,
        stage.settings(),
        stage.clock.now,
        lambda: [mapping for kind in KINDS if (mapping := engine.mapping_of(kind)) is not None],
    )
    with (
        serving(app(panels, TOKEN), "127.0.0.1", 0) as address,
        httpx.Client(base_url=address, headers={"Authorization": f"Bearer {TOKEN}"}) as client,
    ):
        yield client


@pytest.mark.parametrize("page", PAGES)
def test_nothing_is_shown_without_the_token(served: httpx.Client, page: str) -> None:
    for given in ("", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Digest {TOKEN}", "Basic !!!"):
        answer = served.get(page, headers={"Authorization": given})
        assert answer.status_code == 401
        assert "Basic" in answer.headers["www-authenticate"]
        assert "ann" not in answer.text and len(answer.text) < 100


def test_a_browser_gives_it_as_the_password(served: httpx.Client) -> None:
    said = base64.b64encode(f"anybody:{TOKEN}".encode()).decode()
    assert served.get("/", headers={"Authorization": f"Basic {said}"}).status_code == 200
    assert admitted(f"bearer {TOKEN}", TOKEN) and not admitted("Bearer ", "") and not admitted("", "")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_names_no_address_outside_and_no_value(served: httpx.Client, page: str) -> None:
    answer = served.get(page)
    assert answer.status_code == 200
    assert HEADERS.items() <= {name: answer.headers.get(name) for name in HEADERS}.items()
    assert not re.search(r"""(?:href|src|action)=["']?(?:[a-z]+:)?//|url\((?!#)|<script""", answer.text)
    assert "@prospect.example" not in answer.text


def test_it_is_read_only(served: httpx.Client) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert served.request(method, "/").status_code == 405
    assert served.get("/nothing").status_code == 404
    assert served.get("/reports/nothing").status_code == 404


def test_the_pages_tell_what_is_so(served: httpx.Client, stage: Stage) -> None:
    status = served.get("/").text
    assert stage.state.runs(1)[0].job in status and "REQUIRED" in status
    errors = served.get("/errors").text
    assert "REQUIRED" in errors and "last_name" in errors
    assert "<svg" in served.get("/charts").text
    assert all(f'href="reports/{name}"' in served.get("/reports").text for name in REPORTS)
    assert "mql" in served.get("/reports/funnel").text


def test_the_metrics_are_what_prometheus_reads(served: httpx.Client) -> None:
    found = {family.name: family for family in text_string_to_metric_families(served.get("/metrics").text)}
    [held] = found["smarketing_held_records"].samples
    assert (held.labels, held.value) == ({"cause": "REQUIRED"}, 1)
    assert {s.labels["side"] for s in found["smarketing_lag_seconds"].samples} == {"hubspot", "salesforce"}
    [ended] = [s for s in found["smarketing_last_run_status"].samples if s.value]
    assert ended.labels == {"job": "sync", "status": "done"}


def test_health_says_one_word_to_anybody(served: httpx.Client) -> None:
    answer = served.get("/health", headers={"Authorization": ""})
    assert (answer.status_code, answer.text) == (200, "ok\n")


def test_an_address_that_others_can_reach_is_refused_unless_it_is_wanted() -> None:
    for address in ("0.0.0.0:8750", "[::]:8750", "dash.example:8750", "10.0.0.7:80"):
        dashboard = {"address": address, "token": "env:D"}
        with pytest.raises(ConfigError, match="public = true"):
            parse({**LEAST, "dashboard": dashboard})
        assert parse({**LEAST, "dashboard": {**dashboard, "public": True}}).dashboard.public
    for address in ("127.0.0.1:8750", "[::1]:0", "localhost:1"):
        assert parse({**LEAST, "dashboard": {"address": address, "token": "env:D"}}).dashboard.address == address
    for wrong in ("8750", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:99999"):
        with pytest.raises(ConfigError, match="must be like"):
            parse({**LEAST, "dashboard": {"address": wrong, "token": "env:D"}})


def test_run_serves_it_while_it_lasts(tmp_path: Path) -> None:
    with world_of(20) as (_, addresses):
        program = Program.installed(tmp_path, addresses)
        provisioned(program)
        program.configure('[dashboard]\naddress = "127.0.0.1:0"\ntoken = "env:DASHBOARD"\n')
        program.environment["DASHBOARD"] = TOKEN
        with program.start("run") as process:
            assert process.stderr is not None
            address = next(
                found[0] for line in process.stderr if (found := re.search(r"http://127\.0\.0\.1:\d+", line))
            )
            assert httpx.get(f"{address}/health").text in ("starting\n", "ok\n")
            assert httpx.get(address).status_code == 401
            assert "Last runs" in httpx.get(address, headers={"Authorization": f"Bearer {TOKEN}"}).text
            process.send_signal(signal.SIGTERM)
            process.communicate()
        assert process.returncode == 0


def test_a_port_that_is_taken_is_said_in_one_sentence(served: httpx.Client, stage: Stage) -> None:
    panels = Panels(stage.state, stage.settings(), stage.clock.now, list)
    with (
        pytest.raises(Misconfigured, match="cannot be had"),
        serving(app(panels, TOKEN), "127.0.0.1", served.base_url.port or 0),
    ):
        pass
