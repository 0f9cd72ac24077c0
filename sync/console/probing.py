"""`check --probe`: a sample of what a sync would write now, tried and taken back."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.port import Problem
from sync import compose
from sync.console.progress import Progress
from sync.console.ui import opened, ui
from sync.settings.common import Settings
from sync.setup.rehearsal import rehearse, sample


def probed(settings: Settings, found: Sequence[Problem]) -> list[Problem]:
    """What the systems say of the sample.  Reads both sides into the state, as `plan` does.  found: by `check`."""
    if any(problem.level == "error" for problem in found):
        return [Problem("note", "probe", "no sample was tried: there are errors", "correct these, then check again")]
    with opened(settings) as state, Progress(ui.err) as progress:
        engine = compose.engine(settings, ui.world(), state, progress=progress)
        dry = engine.plan()
        return list(rehearse(engine.connectors, sample(dry.operations, state, engine.mappings())))
