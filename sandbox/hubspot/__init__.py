"""A HubSpot account to practise on: the HTTP API and the people who work in it.

`HubSpot(kernel).handle(request)` answers like api.hubapi.com; `seed`, `create`, `edit` … act inside the account.
"""

from sandbox.hubspot.face import HubSpot
from sandbox.hubspot.owners import Owner
from sandbox.hubspot.schema import Option, Property

__all__ = ["HubSpot", "Option", "Owner", "Property"]
