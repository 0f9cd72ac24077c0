"""Progress on standard error: what is read, decided and written, how fast, how long it will take, what it costs."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars
from rich.text import Text

VERBS = {"read": "Reading", "decided": "Deciding", "written": "Writing"}


class Rate(ProgressColumn):
    """Records per second."""

    def render(self, task: Task) -> Text:
        """The rate so far."""
        return Text(f"{task.speed:,.0f}/s" if task.speed else "", style="dim")


class Progress:
    """A bar a job; call it with each page or batch.  `calls` tells what a system's calls have come to."""

    calls: Callable[[str], int] | None = None

    def __init__(self, console: Console) -> None:
        self._bars = Bars(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            Rate(),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[calls]}", style="dim"),
            console=console,
            transient=True,
        )
        self._tasks: dict[tuple[str, str, str], TaskID] = {}

    def __enter__(self) -> Progress:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def __call__(self, what: str, system: str, object: str, more: int, total: int | None) -> None:
        """So many more records were read, decided or written."""
        key = (what, system, object)
        if key not in self._tasks:
            title = f"{VERBS.get(what, what)} {system} {object}".strip()
            self._tasks[key] = self._bars.add_task(title, total=total, calls="")
        task = self._tasks[key]
        if total is not None:
            self._bars.update(task, total=total)
        if self.calls is not None and what not in ("decided", "learned"):
            self._bars.update(task, calls=f"{self.calls(system):,} API calls")
        self._bars.advance(task, more)
