"""Which records hang on which: they move when their parent is merged or converted."""

from __future__ import annotations

from sandbox.salesforce.dml.engine import Engine
from sandbox.salesforce.dml.writer import Writer

CHILDREN = {
    "Account": (
        ("Contact", "AccountId"),
        ("Opportunity", "AccountId"),
        ("Task", "WhatId"),
        ("Event", "WhatId"),
        ("Account", "ParentId"),
    ),
    "Contact": (
        ("OpportunityContactRole", "ContactId"),
        ("CampaignMember", "ContactId"),
        ("Task", "WhoId"),
        ("Event", "WhoId"),
        ("Contact", "ReportsToId"),
    ),
    "Lead": (("CampaignMember", "LeadId"), ("Task", "WhoId"), ("Event", "WhoId")),
}


def move_children(engine: Engine, object_name: str, old_id: str, new_id: str, writer: Writer) -> None:
    """Point every child at another parent of the same object, which moves its stamp."""
    for child, field in CHILDREN[object_name]:
        for row in list(engine.store.shelf(child).live_matching(field, old_id)):
            engine.write(child, row, {**row.values, field: new_id}, writer)
