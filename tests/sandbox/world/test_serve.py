"""Serving: what is announced, ports that are taken, and a clean end."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import httpx
import jwt
import pytest

from sandbox.background import running
from sandbox.kernel import Clock
from sandbox.world import World

NOW = 1_790_000_000_000
CONTRACT = {
    "hubspot": {"base_url", "access_token", "client_id", "client_secret", "refresh_token"},
    "salesforce": {
        "login_url",
        "client_id",
        "client_secret",
        "username",
        "password",
        "security_token",
        "private_key_file",
    },
}
CHILD = """
import json
from sandbox.serve import serve_new
serve_new(1, 10, lambda: 1_790_000_000_000, (0, 0, 0), lambda told: print(json.dumps(told), flush=True))
"""


def world() -> World:
    return World(1, 10, Clock(lambda: NOW))


def test_the_announcement_is_what_the_contract_says() -> None:
    with running(world()) as addresses:
        told = addresses.announced
        assert {side: set(told[side]) for side in CONTRACT} == CONTRACT
        assert set(told) == {"hubspot", "salesforce", "control_url"}
        assert told["control_url"].startswith("http://127.0.0.1:")


def test_the_key_file_signs_a_login_until_the_world_ends() -> None:
    with running(world()) as addresses:
        told = addresses.announced["salesforce"]
        key = Path(told["private_key_file"])
        assert key.stat().st_mode & 0o077 == 0
        claims = {"iss": told["client_id"], "sub": told["username"], "aud": told["login_url"], "exp": NOW // 1000 + 180}
        form = {
            "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "assertion": jwt.encode(claims, key.read_text(), algorithm="RS256"),
        }
        answer = httpx.post(told["login_url"] + "/services/oauth2/token", data=form)
    assert "access_token" in answer.json(), answer.text
    assert not key.exists()


def test_after_the_end_nobody_answers() -> None:
    with running(world()) as addresses:
        pass
    with pytest.raises(httpx.ConnectError):
        httpx.get(addresses.control + "/health")


def test_a_taken_port_is_told_in_one_sentence() -> None:
    with running(world()) as addresses:
        port = httpx.URL(addresses.hubspot).port or 0
        sentence = f"The Salesforce address 127.0.0.1:{port} cannot be opened"
        with pytest.raises(OSError, match=sentence), running(world(), (0, port, 0)):
            pass


def test_a_child_process_serves_until_it_is_told_to_stop() -> None:
    with subprocess.Popen([sys.executable, "-c", CHILD], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        told = json.loads(child.stdout.readline())
        healthy = httpx.get(told["control_url"] + "/health").json()["ok"]
        child.terminate()
        ended = child.wait(timeout=30)
    assert (healthy, ended) == (True, 0)
