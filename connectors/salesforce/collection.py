"""The middle road: 200 records of one object in a call, each with its own result (REST guide, sObject Collections)."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.port import Rejected, Unknown, Write
from connectors.salesforce.answers import Declined
from connectors.salesforce.api import Api
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

    def run(self, writes: Sequence[Write]) -> list[Verdict]:
        """One verdict each.  All of `writes` share an object and either all create or all update."""
        batches = [writes[n : n + MOST] for n in range(0, len(writes), MOST)]
        return [verdict for verdicts in self._api.door.map(self._batch, batches) for verdict in verdicts]

    def _batch(self, batch: Sequence[Write]) -> list[Verdict]:
        return attempt(lambda: self._call(batch), len(batch))

    def _call(self, batch: Sequence[Write]) -> list[Verdict]:
        method = "POST" if batch[0].id is None else "PATCH"
        body = {"allOrNone": False, "records": [_record(write) for write in batch]}
        try:
            items = self._api.send(method, self._api.paths.collections, body, headers=self._headers)
        except Declined as no:
            return self._declined(batch, no)
        if not isinstance(items, list) or len(items) != len(batch):
            return [Unknown("Salesforce did not answer for each record")] * len(batch)
        return [of_item(write, item) for write, item in zip(batch, items, strict=True)]

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
        return self._batch(batch[:middle]) + self._batch(batch[middle:])

    def _without(self, batch: Sequence[Write], column: str, no: Declined) -> list[Verdict]:
        """A field that does not exist for us fails every call it is in: leave those writes out."""
        refused = Rejected(no.first.code, no.first.message, (column,))
        rest = [write for write in batch if column not in write.fields]
        others = iter(self._batch(rest) if rest else [])
        return [refused if column in write.fields else next(others) for write in batch]


def _record(write: Write) -> dict[str, object]:
    head: dict[str, object] = {"attributes": {"type": write.object}}
    if write.id is not None:
        head["id"] = write.id
    return {**head, **write.fields}
