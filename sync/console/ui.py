"""The options that every command shares, the two streams, and what `main` gave of the outside."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console

from state.store import Store
from sync import compose
from sync.config import load
from sync.console import interrupt
from sync.settings.common import Settings


class Ui:
    """One program: `main` sets what it is given of the outside before any command runs."""

    config: Path
    json: bool = False
    outside: Callable[[], compose.World]
    fresh_salt: Callable[[], str]
    """Chance enough that nobody can guess it."""

    def __init__(self) -> None:
        self.out = Console(soft_wrap=False)
        self.err = Console(stderr=True)

    def settings(self) -> Settings:
        """The checked configuration."""
        return load(self.config)

    def world(self) -> compose.World:
        """What the parts are given of the outside."""
        return self.outside()

    def who(self) -> str:
        """Who is asking, as the machine knows them."""
        environment = self.world().environment
        return environment.get("USER") or environment.get("LOGNAME") or "somebody"

    def document(self, document: Any) -> None:
        """One JSON document on standard output, and nothing else there."""
        sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2, default=str) + b"\n")
        sys.stdout.buffer.flush()


ui = Ui()


@contextmanager
def opened(settings: Settings) -> Iterator[Store]:
    """The state, closed at the end."""
    state = compose.store(settings)
    try:
        with interrupt.between_steps():
            yield state
    finally:
        state.close()


@contextmanager
def remembered(settings: Settings) -> Iterator[Store | None]:
    """The state, if an earlier run made one; it is not made."""
    file = settings.state.url.removeprefix("sqlite:///")
    if file != settings.state.url and not Path(file).exists():
        yield None
        return
    with opened(settings) as state:
        yield state
