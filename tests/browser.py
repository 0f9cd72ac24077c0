"""A real browser without a window, for the pages we write: Chromium, driven over a pipe by its own protocol."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

PATIENCE_S = 60
_FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--remote-debugging-pipe",
)  # fmt: skip


class NoBrowserError(Exception):
    """No Chromium is on this machine."""


class Page:
    """One page, asked in JavaScript."""

    def __init__(self, to: int, answers: int) -> None:
        self._to, self._from = to, os.fdopen(answers, "rb")
        self._left = b""
        self._session = ""
        self._sent = 0
        self.fetched: list[str] = []
        """Addresses that the page asked for."""
        self.complaints: list[str] = []
        """What went wrong in its scripts."""

    def attach(self) -> None:
        """Begin, with an empty page."""
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network"):
            self._call(f"{domain}.enable")

    def open(self, page: Path) -> None:
        """Open a file, and wait until it is read to its end."""
        self._call("Page.navigate", url=page.as_uri())
        while (said := self._next()).get("method") != "Page.loadEventFired":
            assert said.get("method") != "Inspector.targetCrashed", "the page was too much for the browser"

    def ask(self, expression: str) -> Any:
        """The value of an expression on the page; a promise is awaited."""
        answer = self._call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def close(self) -> None:
        """The browser ends."""
        os.close(self._to)
        self._from.close()

    def until(self, expression: str) -> None:
        """Wait until it is true; it is looked at whenever the page changes."""
        watch = "new MutationObserver(look).observe(document, {subtree: true, childList: true, characterData: true})"
        self.ask(
            f"new Promise((done) => {{ const look = () => {{ if ({expression}) done(true); }}; {watch}; look(); }})"
        )

    def fill(self, id: str, value: str) -> None:
        """Type into a field, or choose from a list."""
        element = f"document.getElementById({id!r})"
        self.ask(f"{element}.value = {value!r}; {element}.dispatchEvent(new Event('input', {{bubbles: true}}))")

    def click(self, id: str) -> None:
        """Press a button."""
        self.ask(f"document.getElementById({id!r}).click()")

    def text(self, id: str) -> str:
        """What an element shows."""
        return str(self.ask(f"document.getElementById({id!r}).textContent"))

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._sent += 1
        about = {"sessionId": self._session} if self._session else {}
        call = {"id": self._sent, "method": method, "params": parameters, **about}
        os.write(self._to, orjson.dumps(call) + b"\0")
        while (said := self._next()).get("id") != self._sent:
            pass
        assert "error" not in said, said["error"]
        return dict(said["result"])

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._left:
            ready, _, _ = select.select([self._from], [], [], PATIENCE_S)
            assert ready, f"no answer within {PATIENCE_S} s"
            more = os.read(self._from.fileno(), 1 << 20)
            assert more, "the browser ended"
            self._left += more
        one, _, self._left = self._left.partition(b"\0")
        said: dict[str, Any] = orjson.loads(one)
        if said.get("method") == "Network.requestWillBeSent":
            self.fetched.append(said["params"]["request"]["url"])
        elif said.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(str(said["params"]["exceptionDetails"]))
        return said


@contextmanager
def browser() -> Iterator[Page]:
    """An empty page, gone at the end.  Raises NoBrowserError."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        raise NoBrowserError("no Chromium is on this machine: the page is not opened in a browser")
    in_, to = os.pipe()
    answers, out = os.pipe()
    # The protocol wants these very numbers; the shell is the plainest way to give them.
    script = f'exec "$0" "$@" 3<&{in_} 4>&{out}'
    with tempfile.TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            ["/bin/bash", "-c", script, program, *_FLAGS, f"--user-data-dir={profile}"],
            pass_fds=(in_, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(in_)
        os.close(out)
        page = Page(to, answers)
        try:
            page.attach()
            yield page
        finally:
            page.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
