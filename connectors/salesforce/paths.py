"""Every address of the Salesforce platform that we call, and the API version they carry, in one place.

Salesforce keeps an API version alive for at least three years and retires old ones with a year's notice; moving to
another version is a change of `DEFAULT_VERSION` (or of the setting), never of code.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote, quote_plus

DEFAULT_VERSION = "64.0"
"""The last version whose SOAP login still answers, and younger than anything a customer may have switched off."""

LAST_SOAP_LOGIN_VERSION = 64.0
"""login() does not exist above this version (Salesforce help 005132110)."""

TOKEN = "/services/oauth2/token"  # noqa: S105
USERINFO = "/services/oauth2/userinfo"
VERSIONS = "/services/data/"

LONGEST_URL = 15_000
"""Bytes.  Salesforce refuses addresses above 16,384 bytes (414); the rest is room for the host."""


class Paths:
    """Addresses below `/services/data/vNN.N`, as absolute paths."""

    def __init__(self, version: str = DEFAULT_VERSION) -> None:
        self.version = version
        self.root = f"/services/data/v{version}"
        self.limits = f"{self.root}/limits"
        self.composite = f"{self.root}/composite"
        self.collections = f"{self.root}/composite/sobjects"
        self.ingest = f"{self.root}/jobs/ingest"
        self.bulk_query = f"{self.root}/jobs/query"
        self.tooling_field = f"{self.root}/tooling/sobjects/CustomField"
        self.soap_login = f"/services/Soap/u/{version}"

    def describe(self, object: str) -> str:
        """What Salesforce says of an object."""
        return f"{self.root}/sobjects/{quote(object, safe='')}/describe"

    def rows(self, object: str) -> str:
        """Where records of an object are made."""
        return f"{self.root}/sobjects/{quote(object, safe='')}"

    def row(self, object: str, id: str) -> str:
        """One record."""
        return f"{self.root}/sobjects/{quote(object, safe='')}/{quote(id, safe='')}"

    def retrieve(self, object: str) -> str:
        """Many records of one object by id."""
        return f"{self.collections}/{quote(object, safe='')}"

    def picklist_values(self, object: str, record_type: str) -> str:
        """The picklist values that a record type offers."""
        return f"{self.root}/ui-api/object-info/{quote(object, safe='')}/picklist-values/{quote(record_type, safe='')}"

    def delete(self, ids: Sequence[str]) -> str:
        """To the bin, at most 200 records, each on its own."""
        return f"{self.collections}?ids={','.join(quote(id, safe='') for id in ids)}&allOrNone=false"

    def tooling_query(self, soql: str) -> str:
        """A query of what administrators have made: rules, fields …"""
        return f"{self.root}/tooling/query?q={quote_plus(soql)}"

    def tooling_row(self, object: str, id: str) -> str:
        """Something that administrators have made, by id."""
        return f"{self.root}/tooling/sobjects/{quote(object, safe='')}/{quote(id, safe='')}"

    def list_views(self, object: str) -> str:
        """The list views of an object (UI API)."""
        return f"{self.root}/ui-api/list-info/{quote(object, safe='')}"

    def query(self, soql: str, *, everything: bool = False) -> str:
        """`everything`: deleted and archived rows too (queryAll)."""
        return f"{self.root}/{'queryAll' if everything else 'query'}?q={quote_plus(soql)}"

    def job(self, kind: str, id: str, part: str = "") -> str:
        """A Bulk API 2.0 job; kind is `ingest` or `query`, part e.g. `results`."""
        return f"{self.root}/jobs/{kind}/{quote(id, safe='')}" + (f"/{part}" if part else "")
