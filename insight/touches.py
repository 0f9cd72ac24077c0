"""A touch: one dated interaction between a person and us, whichever system knows of it."""

from __future__ import annotations

from typing import Literal, NamedTuple

Sort = Literal[
    "visit", "page_view", "form", "email_open", "email_click", "campaign_response", "meeting", "call", "email", "event"
]
"""visit: a session with its source, where single page views are not told; event: any other of the buyer's."""
By = Literal["buyer", "sales", "automation", "machine"]
"""Who acted.  machine: an open or click of a scanner, which counts for nothing."""


class Touch(NamedTuple):
    """Times are ms since the epoch; texts are empty where nothing is known."""

    person: str
    """The entity of the person."""
    at: int
    sort: Sort
    key: str
    """`SIDE:SORT:ID`: the same interaction has the same key however often it is read."""
    by: By = "buyer"
    title: str = ""
    url: str = ""
    """Without query and fragment."""
    source: str = ""
    """The channel: organic_search, paid_search, email, social …"""
    campaign: str = ""
    outcome: str = ""
    """What came of a call, meeting or response."""


class Derived(NamedTuple):
    """A value that this service works out and owns, for one field of ours on the records of one entity."""

    entity: str
    field: str
    """The name of the field, "@priority"; `insight.fields` says where it lives on each side."""
    value: object
    """A canonical value; None clears."""
    why: str = ""
    """One sentence for `explain`."""
