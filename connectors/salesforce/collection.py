"""The middle road: 200 records of one object in a call, each with its own result (REST guide, sObject Collections)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.port import Rejected, Unknown, Write
from connectors.salesforce import soql
from connectors.salesforce.answers import Declined, complaints
from connectors.salesforce.api import Api
from connectors.salesforce.paths import LONGEST_URL
from connectors.salesforce.rows import Shape
from connectors.salesforce.settings import Settings
from connectors.salesforce.verdicts import Halted, Verdict, attempt, of, of_item, of_system

MOST = 200


def write_headers(settings: Settings) -> dict[str, str]:
    """No assignment rules: we say who owns a record.  Duplicate rules as the settings want them."""
    return {
        "Sforce-Auto-Assign": "FALSE",
        "Sforce-Duplicate-Rule-Header": f"allowSave={'true' if settings.save_duplicates else 'false'}",
    }


class Collection:
    """Creates or updates records of one object."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._headers = write_headers(api.settings)

    def run(self, writes: Sequence[Write], shape: Shape) -> list[Verdict]:
        """One verdict each.  All of `writes` share an object and either all create or all update.

        A single call reads back what it wrote, by the fields of `shape`; of many calls the writer reads all at once.
        """
        if len(writes) <= MOST:
            return self._batch(writes, shape)
        return self.blind(writes)

    def blind(self, writes: Sequence[Write]) -> list[Verdict]:
        """As `run`, without reading anything back."""
        batches = [writes[n : n + MOST] for n in range(0, len(writes), MOST)]
        return [verdict for verdicts in self._api.door.map(self._batch, batches) for verdict in verdicts]

    def bin(self, writes: Sequence[Write]) -> list[Verdict]:
        """Put records of one object into the recycle bin; one verdict each."""
        batches = [writes[n : n + MOST] for n in range(0, len(writes), MOST)]
        work = self._api.door.map(lambda batch: attempt(lambda: self._bin(batch), len(batch)), batches)
        return [verdict for verdicts in work for verdict in verdicts]

    def _bin(self, batch: Sequence[Write]) -> list[Verdict]:
        try:
            items = self._api.send("DELETE", self._api.paths.delete([str(write.id) for write in batch]))
        except Declined as no:
            return self._declined(batch, no)
        if not isinstance(items, list) or len(items) != len(batch):
            return [Unknown("Salesforce did not answer for each record")] * len(batch)
        return [of_item(write, item, {}) for write, item in zip(batch, items, strict=True)]

    def _batch(self, batch: Sequence[Write], shape: Shape | None = None) -> list[Verdict]:
        return attempt(lambda: self._call(batch, shape), len(batch))

    def _call(self, batch: Sequence[Write], shape: Shape | None) -> list[Verdict]:
        try:
            items, rows = self._send(batch, shape)
        except Declined as no:
            return self._declined(batch, no)
        if not isinstance(items, list) or len(items) != len(batch):
            return [Unknown("Salesforce did not answer for each record")] * len(batch)
        return [of_item(write, item, rows) for write, item in zip(batch, items, strict=True)]

    def _send(self, batch: Sequence[Write], shape: Shape | None) -> tuple[Any, dict[str, dict[str, Any]]]:
        """The results of the call, and the rows it read back by id."""
        method = "POST" if batch[0].id is None else "PATCH"
        body = {"allOrNone": False, "records": [_record(write) for write in batch]}
        address = self._api.paths.collections
        query = self._api.paths.query(_back(batch, shape)) if shape is not None else ""
        if not query or len(query) > LONGEST_URL:
            return self._api.send(method, address, body, headers=self._headers), {}
        write = {"method": method, "url": address, "referenceId": "w", "httpHeaders": self._headers, "body": body}
        parts = self._api.compose([write, {"method": "GET", "url": query, "referenceId": "q"}])
        part = parts.get("w")
        if part is None or part["httpStatusCode"] >= 500:
            return None, {}
        if part["httpStatusCode"] >= 300:
            raise Declined(part["httpStatusCode"], complaints(part["body"]))
        return part["body"], rows_of(parts)

    def _declined(self, batch: Sequence[Write], no: Declined) -> list[Verdict]:
        """The call as a whole was refused and nothing happened: find the records that are to blame."""
        error = of_system(no)
        if error is not None:
            return [Halted(error)] * len(batch)
        column = no.first.column
        if column and any(column in write.fields for write in batch):
            return self._without(batch, column, no)
        if len(batch) == 1:
            return [of(batch[0], no.complaints)]
        middle = len(batch) // 2
        again = self.bin if batch[0].archive else self._batch
        return again(batch[:middle]) + again(batch[middle:])

    def _without(self, batch: Sequence[Write], column: str, no: Declined) -> list[Verdict]:
        """A field that does not exist for us fails every call it is in: leave those writes out."""
        refused = Rejected(no.first.code, no.first.message, (column,))
        rest = [write for write in batch if column not in write.fields]
        others = iter(self._batch(rest) if rest else [])
        return [refused if column in write.fields else next(others) for write in batch]


def plain(write: Write) -> dict[str, Any]:
    """The fields that Salesforce has itself; pseudo-fields go other ways."""
    return {name: value for name, value in write.fields.items() if not name.startswith("@")}


def rows_of(parts: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The rows that the queries of a composite found, by id; not those whose subquery did not come to its end."""
    return {
        row["Id"]: row
        for name, part in parts.items()
        if name.startswith("q") and part["httpStatusCode"] == 200
        for row in part["body"].get("records") or ()
        if not any(isinstance(inner, dict) and inner.get("done") is False for inner in row.values())
    }


def _back(batch: Sequence[Write], shape: Shape) -> str:
    """The query for what a batch writes: by id, or by the key that a creation brings."""
    if batch[0].key is None or batch[0].id is not None:
        return shape.ask(soql.is_in("Id", [str(write.id) for write in batch]))
    values = [write.key.value for write in batch if write.key is not None]
    return shape.ask(soql.is_in(batch[0].key.field, values))


def _record(write: Write) -> dict[str, object]:
    head: dict[str, object] = {"attributes": {"type": write.object}}
    if write.id is not None:
        head["id"] = write.id
    return {**head, **plain(write)}
