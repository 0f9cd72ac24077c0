"""SOQL for real: text to tree, tree to closures over tables, records made page by page.

`parse` makes the tree, `run` answers it from a `Source`; both raise `SoqlError` with the platform's code and text.
"""

from sandbox.salesforce.soql.ast import Query
from sandbox.salesforce.soql.engine import run
from sandbox.salesforce.soql.errors import SoqlError
from sandbox.salesforce.soql.parser import parse
from sandbox.salesforce.soql.result import Column, Result
from sandbox.salesforce.soql.source import Source

__all__ = ["Column", "Query", "Result", "SoqlError", "Source", "parse", "run"]
