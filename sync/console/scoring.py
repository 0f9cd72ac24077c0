"""`score`: what counts for a score, what outcomes taught, and why one person stands where they stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.text import Text

from insight.score.fit import fit
from insight.score.fit import told as with_job
from insight.score.history import SQL, WON
from insight.score.points import SCALE, Reason, engagement
from state.store import Store
from sync import compose
from sync.console.show import grid, when
from sync.console.ui import opened, ui
from sync.engine import Engine
from sync.insight.scoring import BASE, People, scorer
from sync.trust.explain import NotFoundError, find

app = typer.Typer(no_args_is_help=True, help="What counts for a score, what outcomes taught, and why.")
LEASE_MS = 600_000
PARTS = ("tested_on", "auc", "brier", "base_brier", "slope", "calibration_error", "features", "calibration")


@app.command()
def train(
    by: Annotated[str, typer.Option("--by", help="Who approves what is learned, for the model card.")] = "",
) -> None:
    """Learns from won and lost outcomes, as a running sync does every week; keeps what is better than before.

    Example: smarketing score train --by "Ann, revenue operations"
    """
    from sync.insight.training import train as learn

    settings, world = ui.settings(), ui.world()
    with opened(settings) as state:
        people = _people(state, compose.engine(settings, world, state))
        lease = state.lease("sync", f"score:{world.process}", world.clock.now_ms(), LEASE_MS)
        try:
            learn(people, settings, lease, world.clock.now_ms(), by)
        finally:
            state.release(lease)
        _show(state)


@app.command()
def show() -> None:
    """The model cards: what was learned from how many outcomes, how well it stood its test, and what was refused.

    Example: smarketing score show
    """
    with opened(ui.settings()) as state:
        _show(state)


@app.command()
def explain(
    who: Annotated[str, typer.Argument(help="An e-mail address, or SIDE:ID such as hubspot:51.")],
) -> None:
    """Everything that makes one person's score, as of now.

    Example: smarketing score explain ann@example.com
    """
    settings, world = ui.settings(), ui.world()
    with opened(settings) as state:
        people = _people(state, compose.engine(settings, world, state))
        documents = state.models()
        by = scorer(settings, documents)
        entities = [entity for mapping, entity in find(state, [people.mapping], who) if mapping is people.mapping]
        persons = people.read(entities)
        if not persons:
            raise NotFoundError(f"{who} has no record any more, and so no score.")
        person, now = persons[0], world.clock.now_ms()
        held = state.derived([person.entity]).get(person.entity, {})
        facts = with_job(person.facts)
        scored = by.score(person, now)
        chances = {WON: by, SQL: scorer(settings, {**documents, WON: documents.get(SQL)})}
        document = {
            "entity": person.entity,
            "priority": scored.priority,
            "fit": _axis(scored.fit, fit(by.rules, facts, by.lifted(person, facts, now)).reasons),
            "engagement": _axis(
                scored.engagement, engagement(by.scheme, person.touches, now, person.since).reasons
            ),
            **{
                name: _axis(one.probability, one.learned)
                for name, one in ((f"{goal}_probability", each.score(person, now)) for goal, each in chances.items())
            },
            "model": scored.model,
            "persona": scored.persona,
            "job_function": facts["job_function"],
            "job_level": facts["job_level"],
            "written": {name.removeprefix("@"): row.value for name, row in held.items() if name in scored.values()},
        }  # fmt: skip
    if ui.json:
        ui.document(document)
        return
    ui.out.print(Text(f"{document['entity']}: {scored.priority}", style="bold"))
    for name in ("fit", "engagement", "won_probability", "sql_probability"):
        axis: Any = document[name]
        if axis["score"] is None:
            continue
        if not axis["reasons"]:
            ui.out.print(f"{name.capitalize()}: {axis['score']}, for no reason that is known.")
            continue
        table = grid(f"{name.replace('_', ' ').capitalize()}: {axis['score']}", "why", "points")
        for reason in axis["reasons"]:
            table.add_row(reason["text"], f"{reason['points']:+d}")
        ui.out.print(table)
    ui.out.print(f"By {scored.model}. Persona: {scored.persona or 'none'}.", markup=False)


def _people(state: Store, engine: Engine) -> People:
    known = {mapping.rule.kind: mapping for mapping in engine.mappings()}
    if "person" not in known:
        raise NotFoundError("People are not synchronised here (person.sync = false), and so not scored.")
    return People(state, known["person"], known.get("company"), known.get("activity"))


def _axis(score: int | None, reasons: Sequence[Reason]) -> dict[str, Any]:
    return {"score": score, "reasons": [reason._asdict() for reason in reasons]}


def _show(state: Store) -> None:
    documents = state.models()
    base = documents.get(BASE, {})
    cards = [documents[goal]["card"] for goal in (WON, SQL) if goal in documents]
    if ui.json:
        ui.document({"base": base, "models": cards})
        return
    if not cards:
        ui.out.print("Nothing was learned yet: scores are by the rules. `smarketing score train` learns.")
        return
    cuts = base["cuts"]
    ui.out.print(f"A from fit {cuts[0]}, B from {cuts[1]}; 1 from engagement {cuts[2]}, 2 from {cuts[3]}.")
    ui.out.print(f"Scale of engagement: {base.get('scale', SCALE)} (of {base['people']:,} people).")
    if "hot_a_day" in base:
        ui.out.print(
            f"Hot people in a working day: {base['hot_a_day']:.1f} of {base['capacity']:g} that sales can take."
        )
    for card in cards:
        _card(card)


def _card(card: Mapping[str, Any]) -> None:
    """One model card."""
    ui.out.print(Text(f"\n{card['goal']} within {card['horizon_days']} days", style="bold"))
    ui.out.print(card["verdict"], markup=False)
    ui.out.print(card["chosen"], markup=False)
    facts = grid("", "what", "how much")
    facts.add_row("mature cases", f"{card['n']:,}: {card['positives']:,} came to it, {card['negatives']:,} did not")
    facts.add_row("too early to tell", f"{card['censored']:,}")
    if card.get("older"):
        facts.add_row("older than what is learned from", f"{card['older']:,}")
    facts.add_row("reached before they began", f"{card['impossible']:,}")
    facts.add_row("began", " to ".join(card["period"]) or "-")
    facts.add_row("looked at", when(card["looked_at"]))
    facts.add_row("approved by", card["approved_by"])
    for name in PARTS:
        if name in card:
            facts.add_row(name.replace("_", " "), str(card[name]))
    ui.out.print(facts)
    if card.get("reliability"):
        groups = grid("Said and so, on the latest quarter", "people", "said", "so")
        for group in card["reliability"]:
            groups.add_row(f"{group['n']:,}", f"{group['said']:.1%}", f"{group['so']:.1%}")
        ui.out.print(groups)
    for title, rows, column in (("What tells most", card.get("top"), "auc_lost"), ("Refused", card["excluded"], "why")):
        if rows:
            table = grid(title, "field", column.replace("_", " "))
            for row in rows:
                table.add_row(row["name"], str(row[column]))
            ui.out.print(table)
