"""Which kinds an account offers at all.

What is synchronised unless the file says otherwise is not demanded of accounts that never had it: credentials that may
see people alone synchronise people.  A kind that the file names, or that was synchronised before, is missed instead.
"""

from __future__ import annotations

from collections.abc import Mapping

from connectors.errors import Stop
from connectors.port import Connector
from mapping.rules import KINDS
from state.store import Store
from sync.config import rules
from sync.settings.common import Settings
from sync.setup.provision import described

WANTED = "person"


def offered(
    settings: Settings, connectors: Mapping[str, Connector], state: Store | None
) -> tuple[Settings, dict[str, str]]:
    """The settings with the kinds switched off that nobody asked for and a system does not offer; and why, by kind.

    state: what earlier runs remember.  Raises SyncError where not even people can be described.
    """
    read = {(cursor.system, cursor.object) for cursor in state.cursors()} if state is not None else set()
    why: dict[str, str] = {}
    for rule in rules(settings):
        section = getattr(settings, rule.kind)
        known = any((system, object) in read for system, objects in rule.objects.items() for object in objects)
        if rule.kind == WANTED or known or "sync" in section.model_fields_set:
            continue
        try:
            described(connectors, rule)
        except Stop as error:
            why[rule.kind] = str(error)
    if why:
        for rule in rules(settings, [WANTED]):
            described(connectors, rule)
    off = {kind: getattr(settings, kind).model_copy(update={"sync": False}) for kind in KINDS if kind in why}
    return settings.model_copy(update=off), why


def sentence(why: Mapping[str, str]) -> str:
    """What is left out, for people; empty: nothing."""
    return " ".join(
        f"Left out: {kind} ({reason.rstrip('.')}). Grant what is missing, or set {kind}.sync = false."
        for kind, reason in why.items()
    )
