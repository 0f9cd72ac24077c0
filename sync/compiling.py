"""The rules of a kind, compiled against what the systems show of themselves today."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.port import Connector, Owner
from mapping.conditions import compile_condition
from mapping.fingerprint import fingerprint
from mapping.mapping import Mapping as KindMapping
from mapping.rules import KindRule
from sync.decide.reconsent import RULE as RECONSENT
from sync.plan import Planner
from sync.setup.provision import described
from sync.trust.refusal import seen


def compiled(
    rule: KindRule,
    connectors: Mapping[str, Connector],
    owners: Mapping[str, Sequence[Owner]],
    skew: Mapping[str, int],
) -> Planner:
    """What decides the records of this kind.  owners, skew: of each system; see `Planner.skew`."""
    ranks = {stage.name: stage.rank for stage in rule.stages}
    names = {field.name for field in rule.fields}
    only = {field.name: field.only for field in rule.fields if field.only}
    if rule.reconsent is not None:
        only[RECONSENT] = rule.reconsent.only
    mapping = KindMapping(rule, described(connectors, rule), owners)
    return Planner(
        mapping=mapping,
        fingerprint=fingerprint(mapping.rule, mapping.fingerprint),
        create={system: compile_condition(text, names, ranks) for system, text in rule.create.items()},
        only={name: compile_condition(text, names, ranks) for name, text in only.items()},
        grain={name: connector.traits.grain for name, connector in connectors.items()},
        seen=seen(mapping, owners),
        skew=skew,
    )
