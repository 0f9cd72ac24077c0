"""A Salesforce org to practise in: REST, composite, Bulk 2.0, SOAP and tooling, over real HTTP or in process."""

from sandbox.salesforce.dml.rules import DuplicateRule, Save, same_email
from sandbox.salesforce.face import Salesforce
from sandbox.salesforce.settings import Settings

__all__ = ["DuplicateRule", "Salesforce", "Save", "Settings", "same_email"]
