"""The commands: they parse, put the parts together, and print.  They decide nothing.

Time, chance and the environment enter the program here and nowhere else.
"""

from __future__ import annotations

import os
import random
import secrets
import signal
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from connectors.errors import Misconfigured, SyncError
from sync import compose
from sync.config import rules
from sync.console import (
    arguments,
    configuration,
    conflicts,
    duplicates,
    exits,
    held,
    interrupt,
    mapping,
    pausing,
    plans,
    privacy,
    reporting,
    scoring,
    show,
    undo,
)
from sync.console.ending import finish
from sync.console.life import life
from sync.console.logs import configure
from sync.console.probing import probed
from sync.console.progress import Progress
from sync.console.ui import opened, remembered, ui
from sync.setup import check as checking
from sync.setup import definitions
from sync.setup import provision as provisioning
from sync.setup.offered import offered
from sync.trust.explain import explain, find

app = typer.Typer(
    name="smarketing",
    help="Keeps HubSpot and Salesforce telling the same story.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(held.app, name="errors")
app.add_typer(configuration.app, name="config")
app.add_typer(conflicts.app, name="conflicts")
app.add_typer(duplicates.app, name="duplicates")
app.add_typer(mapping.app, name="map")
app.command("plan")(plans.plan)
app.command("apply")(plans.apply)
app.command("undo")(undo.undo)
app.command("pause")(pausing.pause)
app.command("resume")(pausing.resume)
app.command("erase")(privacy.erase)
app.command("export-person")(privacy.export_person)
app.command("report", cls=reporting.OneReport)(reporting.report)
app.add_typer(scoring.app, name="score")


class RealClock:
    """The machine's time and chance."""

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        return time.time_ns() // 1_000_000

    def sleep(self, seconds: float) -> None:
        """Let this much time pass."""
        time.sleep(seconds)

    def random(self) -> float:
        """In [0, 1)."""
        return random.random()  # noqa: S311 - jitter, not a secret


def new_run() -> str:
    """A name for a run: when it began, and four letters that tell it from others."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H-%M-%S}-{secrets.token_hex(2)}"


ui.outside = lambda: compose.World(RealClock(), new_run, os.environ, os.getpid(), interrupted=interrupt.asked)
ui.fresh_salt = lambda: secrets.token_hex(16)


def _show_version(wanted: bool) -> None:
    if wanted:
        try:
            typer.echo(version("smarketing-sync"))
        except PackageNotFoundError:
            typer.echo("from source")
        raise typer.Exit


@app.callback()
def options(
    config: Annotated[
        Path | None, typer.Option(help="The configuration. Default: $SMARKETING_CONFIG, else config.toml here.")
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="One JSON document on standard output, nothing else there.")
    ] = False,
    log_level: Annotated[str, typer.Option(help="debug, info, warning or error.")] = "info",
    log_format: Annotated[str, typer.Option(help="text or json.")] = "text",
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options of every command."""
    ui.config = config or Path(os.environ.get("SMARKETING_CONFIG") or "config.toml")
    ui.json = json
    if log_level not in ("debug", "info", "warning", "error") or log_format not in ("text", "json"):
        raise typer.BadParameter("--log-level is debug, info, warning or error; --log-format is text or json")
    configure(log_level, log_format)


@app.command()
def check(
    probe: Annotated[
        bool, typer.Option("--probe", help="Also try a sample of writes in Salesforce, each taken back at once.")
    ] = False,
) -> None:
    """Tests credentials, scopes, field permissions, types, picklists, required fields, owners, vocabulary and limits.

    Prints what is wrong and the exact fix; writes nothing.  --probe reads both sides as `plan` does.

    Example: smarketing check --probe
    """
    settings = ui.settings()
    sides = compose.connectors(settings, ui.world())
    with remembered(settings) as state:
        lacking: dict[str, str] = {}
        with suppress(SyncError):  # What is wrong with an account as a whole, the check itself says better.
            settings, lacking = offered(settings, sides, state)
        kinds = rules(settings)
        found = checking.check(sides, kinds, state, lacking, compose.day(settings))
    if probe:
        found += probed(settings, found)
    if ui.json:
        problems = [{"level": p.level, "where": p.where, "what": p.what, "fix": p.fix} for p in found]
        people = next(rule for rule in kinds if rule.kind == "person")
        ui.document({"problems": problems, "vocabulary": definitions.document(people)})
    else:
        show.problems(ui.out, found)
    raise typer.Exit(exits.HELD if any(problem.level == "error" for problem in found) else exits.DONE)


@app.command()
def provision(
    apply: Annotated[bool, typer.Option("--apply", help="Create what is missing, on both sides.")] = False,
) -> None:
    """Lists the fields and properties we need and lack; --apply creates them on both sides.

    In Salesforce also the permission set with its object rights, and list views.  Done twice, it does nothing twice.

    Example: smarketing provision --apply
    """
    settings = ui.settings()
    sides = compose.connectors(settings, ui.world())
    with remembered(settings) as state:
        settings, _ = offered(settings, sides, state)
    lacking = provisioning.lacking(sides, rules(settings))
    needed = provisioning.needed(sides, rules(settings))
    made = provisioning.provision(sides, lacking) if apply else None
    beside = provisioning.furnish(sides, rules(settings), apply=apply)
    if ui.json:
        fields = [{"side": s, "object": spec.object, "field": spec.name, "type": spec.type} for s, spec in lacking]
        more = [{"side": s, "what": each.what, "made": each.made, "fix": each.fix} for s, each in beside]
        ui.document({"missing": fields, "created": made, "rights_and_lists": more, "rights": needed})
    else:
        show.specs(ui.out, lacking, made)
        show.furniture(ui.out, beside, applied=apply)
        show.rights(ui.out, needed)


@app.command()
def sync(
    object: Annotated[
        str | None, typer.Option(help="Which kinds, separated by commas: company, person, deal, activity.")
    ] = None,
    record: Annotated[str | None, typer.Option(help="Only this record, SIDE:ID, such as hubspot:51.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be written; write nothing.")] = False,
) -> None:
    """One cycle now: reads what changed, decides, writes.

    Example: smarketing sync
    """
    kinds = arguments.kinds(object)
    one = arguments.record(record) if record is not None else None
    if dry_run:
        plans.preview(full=False, record=one, kinds=kinds)
        return
    settings = ui.settings()
    with opened(settings) as state:
        with Progress(ui.err) as progress:
            result = compose.engine(settings, ui.world(), state, progress=progress, kinds=kinds).cycle(record=one)
        finish(result)


@app.command()
def backfill(
    object: plans.Kinds = None,
    since: plans.Since = None,
    until: plans.Until = None,
    where: plans.Where = "",
    limit: plans.Limit = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be written; write nothing.")] = False,
) -> None:
    """The one-off: reads everything on both sides and brings it together.  Resumable with the same command.

    Example: smarketing backfill --limit 100 --dry-run
    """
    kinds = arguments.kinds(object)
    scope = arguments.scope(since, until, where, limit)
    if dry_run:
        plans.preview(full=True, scope=scope, kinds=kinds)
        return
    settings = ui.settings()
    with opened(settings) as state:
        with Progress(ui.err) as progress:
            engine = compose.engine(settings, ui.world(), state, progress=progress, kinds=kinds)
            engine.scope = scope
            result = engine.cycle("backfill", full=True, muted=True)
        finish(result)


@app.command()
def run() -> None:
    """The daemon: runs the scheduled jobs until it is told to stop (SIGTERM or Ctrl-C), and serves the dashboard.

    Example: smarketing run
    """
    from sync.console.dashboard import shown
    from sync.schedule import Daemon

    settings, world = ui.settings(), ui.world()
    with opened(settings) as state:
        engine = compose.engine(settings, world, state)
        daemon = Daemon(engine, settings.schedule)
        heard: list[int] = []

        def stop(number: int, _frame: object) -> None:
            heard.append(number)
            daemon.stop()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        with shown(settings, world, state, engine) as address:
            ui.err.print(f"Dashboard: {address}" if address else "No dashboard: \\[dashboard] token is not set.")
            daemon.run()
    raise typer.Exit(exits.INTERRUPTED if signal.SIGINT in heard else exits.DONE)


@app.command()
def status() -> None:
    """Lag, backlog, last runs, budget, what is paused, errors by cause.

    Example: smarketing status
    """
    settings = ui.settings()
    with opened(settings) as state:
        now = ui.world().clock.now_ms()
        document = show.status_json(state, compose.spent_today(state, now), settings, now)
    if ui.json:
        ui.document(document)
    else:
        show.status(ui.out, document)


@app.command("explain")
def explain_(
    who: Annotated[
        str, typer.Argument(help="An e-mail address, a website, a deal's name, or SIDE:ID such as hubspot:51.")
    ],
    everything: Annotated[bool, typer.Option("--all", help="Also the fields that are blank on every side.")] = False,
) -> None:
    """One person, company or deal: links and why, each field's values, base, rule, last writer, what is held, written.

    Example: smarketing explain ann@example.com
    """
    settings = ui.settings()
    with opened(settings) as state:
        engine = compose.engine(settings, ui.world(), state)
        planners = {rule.kind: engine.planner(rule) for rule in engine.rules}
        found = find(state, [planner.mapping for planner in planners.values()], who)
        documents = [explain(state, planners[mapping.rule.kind], entity) for mapping, entity in found]
    if ui.json:
        ui.document(documents[0] if len(documents) == 1 else {"found": documents})
    else:
        for document in documents:
            life(ui.out, document, everything=everything)


@app.command()
def rebuild() -> None:
    """Forgets the local state and rebuilds it from the two systems, by their sync keys, without a duplicate.

    Example: smarketing rebuild
    """
    settings = ui.settings()
    world = ui.world()
    with opened(settings) as state:
        lease = state.lease("sync", f"rebuild:{world.process}", world.clock.now_ms(), 600_000)
        try:
            state.forget(lease)
        finally:
            state.release(lease)
        with Progress(ui.err) as progress:
            result = compose.engine(settings, world, state, progress=progress).cycle("rebuild", full=True, muted=True)
        finish(result)


@app.command()
def reconcile() -> None:
    """Compares both sides completely: with what is remembered, and with each other.  Lists and repairs what differs.

    Example: smarketing reconcile
    """
    settings = ui.settings()
    with opened(settings) as state:
        with Progress(ui.err) as progress:
            result = compose.engine(settings, ui.world(), state, progress=progress).cycle("reconcile", compare=True)
        finish(result)


@app.command()
def init(
    yes: Annotated[bool, typer.Option("--yes", help="Take the defaults without asking.")] = False,
) -> None:
    """Writes a first config.toml, asking for what it needs.

    Example: smarketing init
    """
    from sync.console.first import first_config

    if ui.config.exists():
        raise Misconfigured(f"{ui.config} exists already; remove it or name another file with --config.")
    ui.config.write_text(first_config(None if yes else typer.prompt), encoding="utf-8")
    ui.err.print(f"Wrote {ui.config}. Next: set the secrets it names, then `smarketing check`.")


@app.command()
def sandbox(
    hubspot_port: Annotated[int, typer.Option(help="0: any free port.")] = 8801,
    salesforce_port: Annotated[int, typer.Option(help="0: any free port.")] = 8802,
    control_port: Annotated[int, typer.Option(help="0: any free port.")] = 8803,
    seed: Annotated[int, typer.Option(help="The same seed makes the same people.")] = 1,
    people: Annotated[int, typer.Option(help="How many people live in it, up to 1,000,000.")] = 300,
    dataset: Annotated[Path | None, typer.Option(help="Also serve the records of this folder.")] = None,
) -> None:
    """Serves two stand-ins, for HubSpot and Salesforce, on this machine alone.

    Prints one JSON line with addresses and credentials when both answer, and serves until it is stopped.

    Example: smarketing sandbox --people 1000
    """
    from sandbox.kernel import Clock
    from sandbox.people import mix_of
    from sandbox.serve import serve
    from sandbox.world import World

    world = World(seed, people, Clock(RealClock().now_ms), dataset, mix_of(people))

    def announce(document: dict[str, Any]) -> None:
        sys.stdout.write(orjson.dumps(document).decode() + "\n")
        sys.stdout.flush()

    serve(world, hubspot_port, salesforce_port, control_port, announce)


@app.command()
def demo(
    people: Annotated[int, typer.Option(help="How many people live in the stand-ins.")] = 300,
    serve: Annotated[
        bool, typer.Option("--serve", help="Leave the stand-ins running at the end, with the dashboard.")
    ] = False,
) -> None:
    """Starts both stand-ins with realistic records, then shows the whole story.

    Example: smarketing demo
    """
    from sync.console.demo import tell

    program = [sys.executable, str(Path(__file__).resolve())]
    tell(ui.out, ui.err, ui.world(), ui.fresh_salt(), people=people, stay=serve, program=program)


def main() -> None:
    """Run a command: any failure is one plain sentence and the right exit code."""
    try:
        code = app(arguments.everywhere_first(sys.argv[1:]), standalone_mode=False)
        if code == exits.INTERRUPTED:
            raise KeyboardInterrupt  # Typer answers Ctrl-C itself, without a word.
        sys.exit(code if isinstance(code, int) else exits.DONE)
    except (typer.Abort, KeyboardInterrupt):
        ui.err.print("Interrupted. Nothing is lost: the same command goes on where it stopped.")
        sys.exit(exits.INTERRUPTED)
    except BrokenPipeError:
        sys.exit(exits.DONE)
    except Exception as error:
        code = exits.code_of(error)
        if code is None:
            raise
        ui.err.print(str(getattr(error, "message", None) or error), style="red", markup=False, highlight=False)
        sys.exit(code)


if __name__ == "__main__":
    main()
