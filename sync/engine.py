"""The wheel: recover → observe → reconcile → apply.  Safe to stop anywhere; safe to run again.

Everything that could differ between two runs is injected: the clock, the names of runs, and `step`, a no-op in
production at each boundary where the simulator lets people act and machines crash.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from connectors.errors import Exhausted, Misconfigured, SyncError
from connectors.port import Connector, Owner
from mapping.mapping import Mapping as KindMapping
from mapping.rules import KindRule, Place
from state.rows import Batch, Closing, Lease, OperationRow
from state.store import Store
from sync.apply import send
from sync.comparison import Comparison, bury, doubt, remains
from sync.compiling import compiled
from sync.decide import dealing
from sync.decide.consent import out_of_sight
from sync.decide.dating import date
from sync.insight import behaviour
from sync.insight.alerting import Telling
from sync.insight.clocks import Agreed
from sync.insight.learning import learn
from sync.insight.ops import alarm
from sync.lanes import InTurn, Lanes
from sync.observe import look, observe, take_in
from sync.plan import Planner
from sync.quiet import quiet
from sync.reconcile import reconcile
from sync.recover import recover
from sync.report import Report
from sync.settle import settle
from sync.trust import approving, retrying, thrift, undoing
from sync.trust.approving import Approved, Nothing, PlanSettings
from sync.trust.dry import DryRun
from sync.trust.erased import salt_of
from sync.trust.foreign import COUNTED, recognise
from sync.trust.limits import BrakesSettings
from sync.trust.pausing import Guard
from sync.trust.scope import Scope, Selector, selector
from sync.trust.undoing import Undoing, Wish

if TYPE_CHECKING:
    from sync.insight.scoring import Scoring
    from sync.insight.suggesting import Suggesting

Record = tuple[str, str] | None
"""(system, id) of the only record to read; None: of everything."""
LEASE = "sync"
LEASE_MS = 15 * 60_000
SKEW_MS = 5_000
"""Clocks that differ by less are taken to agree."""
LEARN_MS = 15 * 60_000
"""How long schemas and owners are taken to be as they were."""
ROUNDS = 6
"""Most turns of reconcile and apply in one cycle; what is left waits for the next."""
BATCH = 500
"""Dirty records decided at a time."""


def in_turn(_system: str) -> Executor:
    """No lane of its own: one call after another."""
    return InTurn()


def nothing(*_: Any) -> None:
    """The step and the progress that nobody watches."""


@dataclass
class Engine:
    """One worker: a store, the connectors, the rules, and what it was given to know the time by."""

    store: Store
    connectors: Mapping[str, Connector]
    rules: Sequence[KindRule]
    """One a kind, parents before children."""
    now: Callable[[], int]
    """Our own clock, ms."""
    new_run: Callable[[], str]
    owner: str = "sync"
    """Who holds the lease: host and process."""
    step: Callable[[str], None] = nothing
    progress: Callable[[str, str, str, int, int | None], None] = nothing
    """(what, system, object, how many more, of how many or None)"""
    sleep: Callable[[float], None] = nothing
    """Let so many seconds pass."""
    lane: Callable[[str], Executor] = in_turn
    """Where the calls to a system are made."""
    batch: int = BATCH
    interrupted: Callable[[], bool] = lambda: False
    """Whether the run should end at its next boundary."""
    scope: Scope | None = None
    scoring: Scoring | None = None
    suggesting: Suggesting | None = None
    """What scores people, and says what to show them next; None: nobody is scored, nothing is suggested."""
    left_out: str = ""
    """Which kinds are not synchronised, and why, for the report."""
    brakes: BrakesSettings = field(default_factory=BrakesSettings)
    limits: PlanSettings | None = None
    """How much may happen at once, and what an unexpected run may do without approval (None: everything)."""
    salt: str | None = None
    """Of the hashes of people who were erased; None: there are none."""
    accounts: dict[str, str] = field(default_factory=dict)
    """Side → the account that it leads to, once it was asked and where it says so."""
    approved: Approved | Nothing | None = None
    """What alone may be written; None: everything."""
    comparison: Comparison | None = None
    """What the full reading that is on compares."""
    run: str = ""
    report: Report = field(default_factory=lambda: Report("", "sync"))
    view: Any = None
    read_at: dict[str, int] = field(default_factory=dict)
    """When each system was last read, on our own clock."""
    contested: dict[str, set[str]] = field(default_factory=dict)
    """kind → entities that this run saw change since their sides last agreed."""
    recalls: Counter[str] = field(default_factory=Counter)
    """system → calls that asked what people were before: as many again after a dry run."""
    guard: Guard = field(init=False)
    """What keeps the run in hand from too much."""
    _lease: Lease | None = None
    _planners: dict[str, Planner] = field(default_factory=dict)
    _owners: dict[str, Sequence[Owner]] = field(default_factory=dict)
    _skew: dict[str, int] = field(default_factory=dict)
    agreed: Agreed | None = None
    """What both teams promised; None: nothing is reckoned by it."""
    telling: Telling | None = None
    """Tells colleagues; None: nobody is told anything."""
    frugal_until: int = 0
    """So long nobody looks for opt-outs once calls are left for them alone, ms."""
    _recognised: bool = False
    _learn_at: int = 0
    probe_at: int = 0
    """When it is time to look for refusals that only trying can show to be over."""

    def __post_init__(self) -> None:
        self.guard = Guard(self)

    # -- cycles ------------------------------------------------------------------------------------------------

    def cycle(
        self,
        job: str = "sync",
        *,
        full: bool = False,
        muted: bool = False,
        record: Record = None,
        compare: bool = False,
        approved: Approved | None = None,
        afresh: bool = False,
    ) -> Report:
        """One turn of the wheel: both systems end as the rules say, as far as they can be reached now.

        `record`: (system, id) of the only record to read; else everything that changed, or with `full` everything.
        `compare`: then everything is read, compared and decided where it differs.
        `approved`: what alone may be written.  Raises Misconfigured where that is not for here and now.
        `afresh`: what is learned of everybody is worked out again, because time has passed.
        """
        self.approved = approved
        with quiet(), self._running(job, muted):
            try:
                self._cycle(job, full, record, approved, compare=compare, afresh=afresh)
            except Exhausted:
                if job == "sync":
                    thrift.spare_opt_outs(self)
                raise
        return self.report

    def _cycle(
        self, job: str, full: bool, record: Record, approved: Approved | None, *, compare: bool, afresh: bool
    ) -> None:
        self._prepare()
        if approved is not None:
            approving.admit(self, approved)
        self._read(full, record)
        probes = retrying.probe(self)
        compared = self._compare() if compare else None
        self._recover()
        if approved is None:
            behaviour.read(self)
            learn(self, afresh=afresh)
            self.approved = approving.count_first(self, job)
        self._turns()
        if probes and retrying.follow(self, probes):
            self._turns()
        for _ in range(ROUNDS if approved is None else 0):
            # Of those who became somebody just now, and what was written so lately that it waits.
            if not learn(self) + (settle(self, self._planners.values()) if full else 0):
                break
            self._turns()
        if compared is not None:
            for planner in self._planners.values():
                remains(self, planner, compared)
            self.report.comparison = compared.as_json()
        if record is None and self._unanswered():
            # What became of it may be told by a reading that begins after it went unanswered.
            self.look_again()
        if self.telling is not None and not self.report.muted:
            self.report.told = self.telling.tell(self)
        if approved is not None:
            self.report.plan = approved.account(self, approving.carried(self, job))

    def look_again(self) -> None:
        """Read what has changed, decide and write."""
        self._observe(full=False)
        self._recover()
        self._turns()

    def undo(self, wish: Wish, only: frozenset[bytes] | None = None, *, write: bool = True) -> Undoing:
        """Take back what a run overwrote.  only: what was shown, in its words; `write`: else it is only decided."""
        self.approved = None
        found = Undoing()
        with quiet(), self._running(undoing.JOB, muted=True):
            self._prepare()
            self.store.put_back(self.lease)
            self._observe(full=False)
            found = undoing.find(self, wish)
            if write:
                undoing.plan_in(self, found, only)
                for planner in self._planners.values():
                    with Lanes(self.lane) as lanes:
                        self._send_all(lanes, planner, self.now())
        return found

    def let_go(self, wish: Wish) -> int:
        """Let the sync decide again what an undo holds.  Returns how many fields and records."""
        with self._running("release", muted=True):
            return undoing.release(self, wish)
        raise AssertionError("a release meets no limit")

    @property
    def decides_by(self) -> dict[str, str]:
        """Kind → fingerprint of everything that decides."""
        return {kind: planner.fingerprint for kind, planner in self._planners.items()}

    def _compare(self) -> Comparison:
        """Read everything and mark what differs, from what we remember or between the sides."""
        compared = self.comparison = Comparison()
        try:
            self._observe(full=True)
        finally:
            self.comparison = None
        for planner in self._planners.values():
            for place, page in bury(self, planner, compared):
                take_in(self, planner, place, page)
            doubt(self, planner)
        return compared

    def _unanswered(self) -> bool:
        return any(self.store.sent(name, kind=kind) for name in self.connectors for kind in self._planners)

    def _turns(self) -> None:
        """Decide and write until nothing moves."""
        for _ in range(ROUNDS):
            # Kind by kind, so that who belongs to a company finds it made already.
            moved = sum(self._turn(planner) for planner in self._planners.values())
            if self.report.unknown:
                self.report.unknown = 0
                moved += self._recover()
            if not moved:
                break

    def _turn(self, planner: Planner) -> int:
        """Decide what is dirty of one kind and write it: what is decided is sent while the rest is being decided, where
        that cannot come to be too much."""
        moved, due = 0, self.now()
        planned: Counter[str] = Counter()
        waits = self.guard.waits(planner)
        planner = self._as_stopped(planner)
        with Lanes(self.lane) as lanes:
            for new in reconcile(self, planner):
                planned += new
                for name, connector in self.connectors.items() if not waits else ():
                    if planned[name] >= (connector.traits.stride or connector.traits.batch):
                        planned[name] -= send(self, lanes, connector, planner.mapping, due, more=True)
                while (told := lanes.take_in(patient=False)) is not None:
                    moved += told
            if self.guard.judge(planner):
                # Opt-outs that were to go along with something else go alone.
                self.store.reopen_urgent(self.lease, planner.mapping.rule.kind)
                for _ in reconcile(self, self._as_stopped(planner)):
                    pass
            moved += self._send_all(lanes, planner, due)
        return moved

    def carry_out(self, kind: str, operations: Sequence[OperationRow], closed: Sequence[Closing]) -> None:
        """Write what was decided beside the records of a kind as all else of it: counted, stopped, sent."""
        planner = self._planners.get(kind)
        if planner is None or not operations:
            return
        self.store.commit_batch(self.lease, Batch(operations=operations, closed=closed))
        self.guard.count(operations)
        self._turn(planner)

    def _send_all(self, lanes: Lanes, planner: Planner, due: int) -> int:
        """Write what is planned and due."""
        moved = 0
        told: int | None = 0
        while told is not None:
            for connector in self.connectors.values():
                send(self, lanes, connector, planner.mapping, due, more=False)
            told = lanes.take_in(patient=True)
            moved += told or 0
        return moved

    def _as_stopped(self, planner: Planner) -> Planner:
        return replace(planner, stopped=self.guard.stopped(planner.mapping.rule.kind))

    def plan(self, *, full: bool = False, record: Record = None) -> DryRun:
        """What a cycle would write now.  Reads both systems into the state; writes to neither.

        Raises Exhausted where not everything could be read: half a plan is none.
        """
        self.approved = None
        dry = None
        with quiet(), self._running("plan", muted=full):
            self._prepare()
            self.store.put_back(self.lease)
            self._read(full, record)
            behaviour.read(self)
            learn(self)
            dry = self.decide_only()
        if dry is None:
            raise Exhausted(self.report.message, self.report.until_ms or 0)
        return dry

    def decide_only(self) -> DryRun:
        """Decide everything, and store nothing of it."""
        self.view = dry = DryRun(self.store)
        account, self.report = self.report, replace(self.report)
        guard, self.guard = self.guard, Guard(self)
        try:
            for planner in self._planners.values():
                for _ in reconcile(self, replace(planner, foresees=True)):
                    pass
            if self.telling is not None and not self.report.muted:
                dry.commit_batch(self.lease, Batch(operations=self.telling.preview(self)))
        finally:
            self.view, self.report, self.guard = self.store, account, guard
        return dry

    @contextmanager
    def _running(self, job: str, muted: bool) -> Iterator[None]:
        self._lease = self.store.lease(LEASE, self.owner, self.now(), LEASE_MS)
        self.run = self.new_run()
        self.view = self.store
        self.recalls.clear()
        self.guard = Guard(self)
        muted = muted or self._is_first()
        self.report = Report(self.run, job, muted=muted, started_ms=self.now())
        before = {name: connector.usage().calls for name, connector in self.connectors.items()}
        try:
            self.store.start_run(self.run, job, self.now(), muted)
            yield
        except Exhausted as error:
            self.report.stop("paused", str(error), error.until)
            self.guard.budget(str(error), error.until)
            alarm(self, error)
        except SyncError as error:
            self.report.stop("failed", str(error))
            alarm(self, error)
            raise
        finally:
            self._close(before)

    def _close(self, before: Mapping[str, int]) -> None:
        self.report.calls = {name: side.usage().calls - before[name] for name, side in self.connectors.items()}
        self.guard.end(self.report)
        self.report.finish(self.now(), self.store.fates(self.run))
        counts = {**self.report.as_json(), "rules": self.decides_by, COUNTED: self.accounts}
        self.store.end_run(self.run, self.now(), self.report.status, counts)
        self.store.release(self.lease)

    def _prepare(self) -> None:
        """Learn what the systems look like today, and finish what an earlier run left unanswered."""
        self.salt = salt_of(self.store.tombstone())
        if not self._recognised:
            self.accounts = recognise(self.store, self.connectors)
            self.store.note_run(self.run, {COUNTED: self.accounts})
            self._recognised = True
        if self.now() >= self._learn_at:
            self._owners = {}
            self._planners = {rule.kind: self.planner(rule) for rule in self.rules}
            retrying.wake(self, self._planners)
            self._learn_at = self.now() + LEARN_MS
        mappings = {kind: planner.mapping for kind, planner in self._planners.items()}
        if unseen := out_of_sight(self.rules, mappings):
            self.report.message = f"Opt-outs are NOT synchronised with {', '.join(unseen)}: run `smarketing check`."
        self.report.message = " ".join(filter(None, (self.report.message, self.left_out)))
        self.guard.begin([(rule, mappings[rule.kind]) for rule in self.rules])
        self._recover()
        for planner in self._planners.values():
            if planner.mapping.rule.recycle_after:
                dealing.wake(self, planner.mapping)
        thrift.begin(self, self.report.job)

    def planner(self, rule: KindRule) -> Planner:
        """The rules of one kind, compiled against the systems' schemas and owners."""
        if not self._owners:
            self._owners = {name: connector.owners() for name, connector in self.connectors.items()}
        return compiled(rule, self.connectors, self._owners, self._skew)

    def mappings(self) -> list[KindMapping]:
        """The mappings of all kinds, as the systems are today."""
        return [self.planner(rule).mapping for rule in self.rules]

    def _recover(self) -> int:
        return sum(
            recover(self, connector, planner.mapping)
            for connector in self.connectors.values()
            for planner in self._planners.values()
        )

    def _read(self, full: bool, record: Record) -> None:
        if record is not None:
            self._look(*record)
        else:
            self._observe(full)

    def _observe(self, full: bool) -> None:
        observe(self, self._planners.values(), full=full)
        for planner in self._planners.values():
            date(self, planner)

    def _look(self, system: str, id: str) -> None:
        found = [look(self, self.connectors[system], planner, id) for planner in self._planners.values()]
        if not any(found):
            raise Misconfigured(f"{system} knows no record {id}.")

    # -- what the loops call -----------------------------------------------------------------------------------

    @property
    def lease(self) -> Lease:
        """The right to write, held while a run lasts."""
        assert self._lease is not None, "no run is on"
        return self._lease

    @property
    def muted(self) -> bool:
        """Whether the run brings both sides together, so that what it finds is no news: nobody is alerted, no clock
        starts, and no brake takes it for too much."""
        return self.report.muted

    def _is_first(self) -> bool:
        """Whether something is read to its end for the first time."""
        known = {(c.system, c.object) for c in self.store.cursors() if c.watermark_ms is not None}
        places = ((s, o) for rule in self.rules for s, objects in rule.objects.items() for o in objects)
        return any(place not in known for place in places)

    def beat(self) -> None:
        """Hold the lease for longer, once a third of its time is over; end the run here if somebody asked for that."""
        if self.interrupted():
            raise KeyboardInterrupt
        if self.now() > self.lease.until_ms - LEASE_MS * 2 // 3:
            self._lease = self.store.renew(self.lease, self.now(), LEASE_MS)

    def mapping_of(self, kind: str) -> KindMapping | None:
        """The mapping of another kind; None where it is not synchronised."""
        planner = self._planners.get(kind)
        return planner.mapping if planner is not None else None

    def selector(self, mapping: KindMapping) -> Selector | None:
        """What a backfill of some records only lets through, or a plan of one."""
        return selector(self.scope, self.approved, mapping)

    def compare_clocks(self, system: str, ours: int, theirs: int) -> None:
        """The system's clock showed this when ours showed that.  Some seconds are the network's and the stamps'."""
        ahead = theirs - ours
        self._skew[system] = ahead if abs(ahead) > SKEW_MS else 0

    def count_read(self, kind: str, place: Place, records: int) -> None:
        """So many records of this place were read for the first time in this run."""
        self.report.read[kind, place] = self.report.read.get((kind, place), 0) + records

    def made(
        self, *, links: int = 0, suggested: int = 0, conflicts: int = 0, unknown: int = 0, deferred: int = 0
    ) -> None:
        """Count what the loops did."""
        self.report.links += links
        self.report.suggested += suggested
        self.report.conflicts += conflicts
        self.report.unknown += unknown
        self.report.deferred += deferred

    def wrote(self, kind: str, system: str, verb: str) -> None:
        """One write took effect."""
        self.report.written(kind, system, f"{verb}d")

    def failed(self, kind: str, system: str) -> None:
        """One write was refused: perhaps a field or an option is no longer what it was."""
        self._learn_at = 0
        self.report.written(kind, system, "failed")
