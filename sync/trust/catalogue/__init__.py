"""What refusals mean, in plain words: the cause, what to do and where to click, who can, and when to try again.

Codes are the platforms' own, and ours where we hold something ourselves.  An unknown code is explained as what it is:
unknown, with the platform's words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from sync.trust.catalogue.entry import RESTS, RETRIES, Codes, Entry
from sync.trust.catalogue.hubspot import HUBSPOT, RULE, RULES
from sync.trust.catalogue.ours import COMMON
from sync.trust.catalogue.salesforce import SALESFORCE

CATALOGUES: Mapping[str, Codes] = {"hubspot": HUBSPOT, "salesforce": SALESFORCE}
_TITLES = {"hubspot": "HubSpot", "salesforce": "Salesforce", "": "Held by the sync itself"}


def entry(system: str, code: str, message: str = "") -> Entry:
    """What is known of a refusal."""
    known = CATALOGUES.get(system, {}).get(code) or COMMON.get(code) or ()
    if not known and system == "hubspot" and code.startswith(RULES):
        known = (RULE,)
    for found in known:
        if not found.words or re.search(found.words, message):
            return found
    return Entry(
        f"{_TITLES.get(system, system)} refused the record with {code}.",
        "Read the platform's own message; correct the record or the mapping, then `smarketing errors retry`.",
        "ops",
        rests="hidden",
    )


def explain(system: str, code: str, message: str = "", object: str = "", fields: Sequence[str] = ()) -> dict[str, str]:
    """cause, fix, who and retry class of a refusal."""
    told = entry(system, code, message).filled(object, list(fields))
    return {"cause": told.cause, "fix": told.fix, "who": told.who, "retry": told.retry}


def rights(system: str, object: str, native: str) -> tuple[str, str]:
    """What lets us see a field, and what lets us set it: where to click."""
    codes = {"hubspot": ("PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE")}.get(
        system, ("INVALID_FIELD", "INVALID_FIELD_FOR_INSERT_UPDATE")
    )
    see, edit = (entry(system, code).filled(object, [native]).fix for code in codes)
    return see, edit


def page() -> str:
    """The catalogue as docs/errors.md shows it."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield from (
        "# Errors",
        "",
        "What may be refused or held, what it means, what puts it right, and who can: an administrator (admin),",
        "whoever runs the sync (ops), or whoever works with the record (rep). `smarketing errors list` shows the same",
        "for what is held at the moment. OBJECT and FIELD stand for what was refused.",
        "",
        "Where a platform names the fields that it refuses of an update, only these are held, and all else of the",
        "record is written; opt-outs go alone and first. Nothing that was refused is repeated blindly. It is tried",
        "again when what the refusal rested on has changed:",
        "",
        "| rests on | tried again |",
        "|---|---|",
        *(f"| {name} | {when} |" for name, when in RESTS.items()),
        "",
        "| class | means |",
        "|---|---|",
        *(f"| {name} | {means} |" for name, means in RETRIES.items()),
    )
    for system, codes in (("", COMMON), *CATALOGUES.items()):
        yield from ("", f"## {_TITLES[system]}", "", "| code | cause | what puts it right | who | class | rests on |")
        yield "|---|---|---|---|---|---|"
        for code, entries in codes.items():
            for one in entries:
                said = one.filled("OBJECT", ["FIELD"])
                yield f"| `{code}` | {said.cause} | {said.fix} | {one.who} | {one.retry} | {one.rests} |"
