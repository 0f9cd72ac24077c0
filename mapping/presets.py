"""Rules of a field under the names that HubSpot's admins know, and a few of the same kind.

name → settings of `FieldRule` in role words ("crm", "marketing", "both", "none"); the configuration turns the roles
into systems.
"""

from __future__ import annotations

from collections.abc import Mapping

PRESETS: Mapping[str, Mapping[str, str]] = {
    # HubSpot's own four.
    "prefer_salesforce_unless_blank": {
        "to": "both",
        "winner": "crm",
        "when": "blank",
        "clears": "authority",
        "first": "crm",
    },
    "always_use_salesforce": {"to": "marketing", "winner": "crm", "clears": "both", "first": "crm"},
    "two_way": {"to": "both", "winner": "latest", "clears": "both"},
    "dont_sync": {"to": "none"},
    # Their mirror images.
    "prefer_hubspot_unless_blank": {
        "to": "both",
        "winner": "marketing",
        "when": "blank",
        "clears": "authority",
        "first": "marketing",
    },
    "always_use_hubspot": {"to": "crm", "winner": "marketing", "clears": "both", "first": "marketing"},
    # What they lack.
    "fill_blanks": {"to": "both", "winner": "latest", "when": "blank", "clears": "never", "first": "fill_blanks"},
    "create_only": {"to": "both", "winner": "latest", "when": "create", "clears": "never", "first": "fill_blanks"},
    "opt_out": {"to": "both", "winner": "sticky_true", "clears": "never", "first": "fill_blanks"},
}
