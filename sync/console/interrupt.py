"""Ctrl-C ends a run between two steps, when nothing is half stored; a second one ends it at once."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any

_asked = Event()


def asked() -> bool:
    """Whether the run in hand should end."""
    return _asked.is_set()


@contextmanager
def between_steps() -> Iterator[None]:
    """Inside, the first Ctrl-C is only noted."""

    def note(*_: Any) -> None:
        if _asked.is_set():
            raise KeyboardInterrupt
        _asked.set()

    _asked.clear()
    before = signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
