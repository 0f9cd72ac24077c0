"""What the evaluator asks of the face: tables, metadata, the time, and short cuts past a full scan."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from sandbox.kernel import Table
from sandbox.salesforce.schema import Org


class Source(Protocol):
    """The data a query runs over, seen by one user.

    Rows keep values by API name: datetimes as ms, dates as YYYY-MM-DD, references as 18-character ids.  `Row.id`,
    `Row.created`, `Row.modified` and `Row.archived_at` stand for Id, CreatedDate, LastModifiedDate and SystemModstamp
    (unless `values` holds them) and IsDeleted.

    The `by_` methods are indexes.  Each gives the ids of candidate rows, deleted ones included, or None for "scan
    instead".  A candidate too many does no harm (every condition is checked again), one too few does.
    """

    @property
    def org(self) -> Org: ...

    @property
    def user_id(self) -> str | None:
        """Whose field-level security holds; None sees everything."""

    @property
    def now_ms(self) -> int: ...

    @property
    def time_zone(self) -> str:
        """The user's, as an IANA name: relative dates are days there."""

    @property
    def base(self) -> str:
        """The path in front of record addresses: /services/data/v64.0."""

    def table(self, object_name: str) -> Table: ...

    def by_id(self, object_name: str, low: str | None, high: str | None, descending: bool) -> Iterable[str] | None:
        """Ids from low to high, both included, in order of id."""

    def by_modstamp(
        self, object_name: str, low: int | None, high: int | None, descending: bool
    ) -> Iterable[str] | None:
        """Rows whose SystemModstamp cut to the second lies from low to high (ms), both included.

        In the order of (stamp cut to the second, id): both rising, or both falling when `descending`.
        """

    def by_value(self, object_name: str, field: str, values: list[str]) -> Iterable[str] | None:
        """Rows where the field equals one of the values when case is ignored; in any order, repeats allowed."""

    def by_deleted(self, object_name: str) -> Iterable[str] | None:
        """The deleted rows, in any order."""
