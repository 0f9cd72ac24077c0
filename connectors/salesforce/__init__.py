"""Salesforce: REST, Bulk 2.0 and Tooling behind the port."""

from connectors.salesforce.connector import Salesforce
from connectors.salesforce.settings import Settings

__all__ = ["Salesforce", "Settings"]
