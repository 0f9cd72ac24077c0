"""People who asked to be erased are told again by salted hashes of their addresses, and are not taken in again.

The salt lives in the tombstones themselves.  The hashes keep the addresses from being read, not from being tried by
somebody who holds the state database and knows whom to look for.  Pure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping

from connectors.port import Ref
from mapping.rules import Value
from state.rows import ERASED, SKIPPED, ReviewRow, Row

PREFIX = "erased:"
QUESTION = "erased"
CODE = "ERASED_PERSON"
PERSON = "person"


def salt_of(keys: Iterable[str]) -> str | None:
    """The salt, from the match keys of any tombstone."""
    return next((key.split(":")[1] for key in keys if key.startswith(PREFIX)), None)


def address_key(salt: str, address: str) -> str:
    """The match key of an erased e-mail address."""
    return _key(salt, address.strip().casefold())


def tombstone_keys(salt: str, ref: Ref, addresses: Iterable[str]) -> list[str]:
    """The match keys of one erased record: where it was, and the person's addresses."""
    return [_key(salt, ":".join(ref)), *(address_key(salt, address) for address in sorted(set(addresses)))]


def addresses(own: Mapping[str, Value]) -> Iterator[str]:
    """The e-mail addresses of a record, as `Mapping.decode` gives it."""
    if own.get("email"):
        yield str(own["email"])
    yield from (str(address) for address in own.get("@emails") or ())


def intercepted(row: Row) -> Row:
    """A record of somebody who was erased: nothing of it is kept, and a person is told."""
    return row._replace(now={}, shadow=None, why=None, spans={}, state=ERASED, fate=SKIPPED, dirty=True)


def back(row: Row, now: int) -> dict[str, ReviewRow]:
    """The question about a record of somebody who was erased, by its fingerprint; none about an activity of theirs,
    which may stay where it is."""
    if row.kind != PERSON:
        return {}
    detail = {
        "code": CODE,
        "why": "somebody who was erased is here again",
        "fix": "it is not synchronised; delete the record, or, if the person came back by themselves, say "
        "`smarketing erase ADDRESS --lift`",
    }
    fingerprint = f"{QUESTION}|{row.system}|{row.object}|{row.id}"
    asked = ReviewRow(QUESTION, fingerprint, now, None, row.system, row.object, row.id, None, detail)
    return {fingerprint: asked}


def _key(salt: str, text: str) -> str:
    digest = hashlib.blake2b(text.encode(), key=salt.encode()[:64], digest_size=20).hexdigest()
    return f"{PREFIX}{salt}:{digest}"


def by_key(salt: str, rows: Iterable[Row], known: Mapping[str, Collection[str]]) -> dict[str, list[Row]]:
    """Hash of an address → the rows that hold it now; `known`: the addresses that records were known by, by id."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        for address in set(addresses(row.now)).difference(known.get(row.id, ())):
            found.setdefault(address_key(salt, address), []).append(row)
    return found
