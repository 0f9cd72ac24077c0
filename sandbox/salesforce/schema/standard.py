"""A new org with its standard objects."""

from __future__ import annotations

from sandbox.salesforce.schema.activities import activities
from sandbox.salesforce.schema.admin import admin
from sandbox.salesforce.schema.org import Org
from sandbox.salesforce.schema.people import people
from sandbox.salesforce.schema.sales import sales


def standard_org() -> Org:
    """Every call gives an org of its own, free to be changed."""
    return Org([*people(), *sales(), *activities(), *admin()])
