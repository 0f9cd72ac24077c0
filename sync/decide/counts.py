"""What a set of writes would do, in numbers: how many of each effect, by kind and side.  Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from mapping.rules import STAGE
from state.rows import OperationRow

CREATES, UPDATES, CLEARS, LINKS, OPT_OUTS, ARCHIVES = "creates", "updates", "clears", "links", "opt_outs", "archives"
REPLACES = "replaces"
EFFECTS = (CREATES, UPDATES, CLEARS, ARCHIVES, LINKS, OPT_OUTS)

Counts = Counter[tuple[str, str, str]]
"""(kind, side, effect) → how many records.  Counts of parts add up to those of the whole."""

CONSENT_RULES = frozenset({"sticky_true", "reconsent"})
"""What decides the fields by which people opt out."""


def effect(operation: OperationRow) -> str:
    """What a write does to its record, the gravest of it.

    `clears`: at least one value becomes blank.  `links`: nothing but fields of our own, such as the sync key.
    `opt_outs`: nothing but those and what people decided about mail.
    """
    if operation.verb != "update":
        return CREATES if operation.verb == "create" else ARCHIVES
    told = operation.basis.get("fields", {})
    theirs = {name: told.get(name, {}) for name in operation.fields if name[0] != "@"}
    if not theirs:
        return LINKS
    if any(operation.fields[name] is None and why.get("old") is not None for name, why in theirs.items()):
        return CLEARS
    return OPT_OUTS if all(why.get("rule") in CONSENT_RULES for why in theirs.values()) else UPDATES


def replaces(operation: OperationRow) -> bool:
    """Whether an update puts a value, or nothing, where another one stood.

    A stage that moves on and an opt-out that spreads take nothing away.
    """
    told = operation.basis.get("fields", {})
    return operation.verb == "update" and any(
        name[0] != "@"
        and name != STAGE
        and (why := told.get(name, {})).get("old") is not None
        and why.get("rule") not in CONSENT_RULES
        for name in operation.fields
    )


def count(operations: Iterable[OperationRow]) -> Counts:
    """The effects of all of these."""
    return Counter((operation.kind, operation.system, effect(operation)) for operation in operations)
