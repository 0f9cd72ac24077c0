"""SOQL for real: text to tree, tree to closures over tables, records made page by page."""

from __future__ import annotations

from sandbox.salesforce.soql.ast import Query
from sandbox.salesforce.soql.errors import SoqlError
from sandbox.salesforce.soql.result import Column, Result
from sandbox.salesforce.soql.source import Source

__all__ = ["Column", "Query", "Result", "SoqlError", "Source", "parse", "run"]


def parse(text: str) -> Query:
    """The tree of a query; SoqlError when it is none."""
    raise SoqlError("MALFORMED_QUERY", "not yet")


def run(query: Query, source: Source, *, all_rows: bool = False) -> Result:
    """Answer a query.  `all_rows` (queryAll) sees deleted rows too."""
    raise SoqlError("MALFORMED_QUERY", "not yet")
