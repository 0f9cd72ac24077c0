"""Writes that are tried and taken back: what duplicate rules, validation rules and triggers would say of them.

A composite call with `allOrNone` undoes every part of it when one fails (REST guide, Composite).  The last part of ours
names a field that cannot exist, so it always fails; the write before it is then told as halted where it would have
gone through, and with its own error where not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors.door import NoAnswer, Refused
from connectors.errors import Misconfigured
from connectors.port import Outcome, Unknown, Write
from connectors.salesforce.answers import Declined, complaints, explain
from connectors.salesforce.api import Api
from connectors.salesforce.collection import plain, write_headers
from connectors.salesforce.verdicts import Contested, Done, Halted, Orphaned, of

_HALTED = "PROCESSING_HALTED"
_NEVER = {"SmarketingSyncTakesThisBack": True}


class Rehearser:
    """`Connector.rehearse` for one org."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._headers = write_headers(api.settings)

    def run(self, writes: Sequence[Write]) -> Iterator[Outcome | None]:
        """One call each: what one write leaves to the next must not count."""
        return (self._tried(write) for write in writes)

    def _tried(self, write: Write) -> Outcome | None:
        create = write.id is None
        url = self._api.paths.rows(write.object) if create else self._api.paths.row(write.object, str(write.id))
        parts: list[dict[str, Any]] = [
            {
                "method": "POST" if create else "PATCH",
                "url": url,
                "referenceId": "tried",
                "httpHeaders": self._headers,
                "body": plain(write),
            },
            {"method": "POST", "url": self._api.paths.rows(write.object), "referenceId": "undo", "body": _NEVER},
        ]
        try:
            told = self._api.compose(parts, together=True)
        except Declined as no:
            raise explain(no, "try a write and take it back") from None
        except (NoAnswer, Refused) as lost:
            return Unknown(str(lost))
        return self._verdict(write, told.get("tried"))

    def _verdict(self, write: Write, part: Mapping[str, Any] | None) -> Outcome | None:
        if part is None:
            return Unknown("Salesforce gave no result for this record")
        if part["httpStatusCode"] < 300:
            id = str(write.id or (part.get("body") or {}).get("id"))
            raise Misconfigured(
                f"Salesforce did not take back what was tried: {write.object} {id} was "
                + (f"changed ({', '.join(sorted(write.fields))})" if write.id else "made; delete it")
            )
        found = complaints(part["body"])
        if found and found[0].code == _HALTED:
            return None
        verdict = of(write, found)
        if isinstance(verdict, Orphaned):
            return verdict.rejected(tuple(verdict.complaint.fields))
        return Unknown(verdict.__class__.__name__) if isinstance(verdict, Contested | Halted | Done) else verdict
