"""The judge of a life.  It knows the systems' histories and the tables, never the engine's reasoning.

S1 no invention, S2 no silent lost update, S3 no duplicate creation, S4 opt-out ratchet, S5 stage ratchet,
S6 ownership, S7 no echo, S8 no time travel, S9 honest shadow, S10 one flight, S11 cursor safety, S12 a plan writes
nothing, S13 fencing, S14 no resurrection, S15 complete journal, S16 right people, S17 few calls; and once healed L1
convergence, L2 rest, L3 completeness, L4 no poison, L5 visibility.

Each violation is one line: seed, invariant, entity, field, history.
"""

from __future__ import annotations

from tests.simulation.erasing import remembered
from tests.simulation.evidence import Evidence
from tests.simulation.life import Life
from tests.simulation.liveness import LIVENESS
from tests.simulation.safety import SAFETY
from tests.simulation.trade_judge import CHECKS, Trade


def judge(life: Life) -> list[str]:
    """Everything that is wrong with a life that was lived to its end; also notes which rare branches it took."""
    evidence = Evidence(life)
    found = list(life.violations)
    findings = [finding for check in (*SAFETY, *LIVENESS) for finding in check(evidence)]
    findings += remembered(life)
    if life.beside:
        trade = Trade(life)
        findings += [finding for of_trade in CHECKS for finding in of_trade(trade)]
    for invariant, entity, name, history in findings:
        found.append(f"seed={life.seed} invariant={invariant} entity {entity} field {name} history {history}")
    _marks(evidence)
    return found


def _marks(e: Evidence) -> None:
    reasons = " ".join(line.reason for line in e.journal)
    for mark, said in (
        ("looked after unknown", "seen by looking"), ("overwritten journaled", "overwritten:"), ("lost", "lost:"),
        ("restored", "restore"), ("tie", "order unknown"),
    ):  # fmt: skip
        if said in reasons:
            e.life.mark(mark)
    for state in {known.state for known in e.known.values()} - {"live"}:
        e.life.mark(state)
    for (question,) in e.life.ask("SELECT DISTINCT question FROM review"):
        e.life.mark(f"asked: {question}")
    if any(flight.state == "parked" for flight in e.flights):
        e.life.mark("parked")
    if e.life.ask("SELECT 1 FROM operation WHERE basis LIKE '%\"spares\"%' LIMIT 1"):
        e.life.mark("refused field left out")
