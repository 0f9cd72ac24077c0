"""Progress on standard error: what is being read, decided and written, how fast, and how long it will take."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    SpinnerColumn,
    Task,
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
    """A bar a job; call it with each page or batch."""

    def __init__(self, console: Console) -> None:
        self._bars = Bars(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            Rate(),
            TimeRemainingColumn(compact=True),
            console=console,
            transient=True,
        )
        self._tasks: dict[tuple[str, str, str], object] = {}

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
            self._tasks[key] = self._bars.add_task(f"{VERBS.get(what, what)} {system} {object}".strip(), total=total)
        task = self._tasks[key]
        if total is not None:
            self._bars.update(task, total=total)  # type: ignore[arg-type]
        self._bars.advance(task, more)  # type: ignore[arg-type]
