"""The two stand-ins in a process of their own, whose work is not counted, and the people who edit in them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson

SEED = 7
_PAGE = 500


class Stand:
    """Served stand-ins, by their control address."""

    def __init__(self, announced: dict[str, Any]) -> None:
        self.announced = announced
        self._http = httpx.Client(base_url=str(announced["control_url"]), timeout=120)

    def limits(self, on: bool) -> None:
        """HubSpot's rate limits as documented, or none."""
        self._ask("POST", "/settings", {"hubspot": {"limits_on": on}})

    def wait(self, ms: int) -> None:
        """Time passes on both sides."""
        self._ask("POST", "/clock", {"advance_ms": ms})

    def refusals(self, after: int) -> int:
        """How many calls to HubSpot were answered with 429 since call number `after`."""
        found, last = 0, after
        while True:
            calls = self._ask("GET", f"/calls?since={last}&side=hubspot&limit=10000")["calls"]
            if not calls:
                return found
            found += sum(call["status"] == 429 for call in calls)
            last = calls[-1]["n"]

    def edit_some(self, side: str, object: str, share: float, values: dict[str, Any]) -> int:
        """People change this share of an object's records; how many."""
        every, edited, seen = round(1 / share), 0, 0
        after = ""
        while True:
            page = self._ask("GET", f"/records/{side}/{object}?limit={_PAGE}" + (f"&after={after}" if after else ""))
            for record in page["records"]:
                seen += 1
                if seen % every == 0 and not record["archived"]:
                    edited += self._edit(side, object, record["id"], values)
            after = page["next"]
            if not after:
                return edited

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()

    def _edit(self, side: str, object: str, id: str, values: dict[str, Any]) -> bool:
        answer = self._http.request("PATCH", f"/records/{side}/{object}/{id}", json={"values": values})
        return answer.status_code == 200

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._http.request(method, path, json=body)
        answer.raise_for_status()
        return answer.json()


@contextmanager
def stand(people: int) -> Iterator[Stand]:
    """Stand-ins with so many people, gone at the end."""
    main = Path(__file__).resolve().parent.parent / "main.py"
    ports = ("--hubspot-port", "0", "--salesforce-port", "0", "--control-port", "0")
    command = [sys.executable, str(main), "sandbox", *ports, "--people", str(people), "--seed", str(SEED)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            served = Stand(orjson.loads(process.stdout.readline()))
            try:
                yield served
            finally:
                served.close()
        finally:
            process.terminate()
