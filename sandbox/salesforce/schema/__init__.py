"""The org's metadata: objects, fields, describe bodies, and how a row's values are read and shown."""

from sandbox.salesforce.schema.model import ChildLink, FieldMeta, ObjectMeta, PickValue
from sandbox.salesforce.schema.org import Org
from sandbox.salesforce.schema.standard import standard_org
from sandbox.salesforce.schema.values import date_text, datetime_text, is_deleted, reader, renderer, stamp

__all__ = [
    "ChildLink",
    "FieldMeta",
    "ObjectMeta",
    "Org",
    "PickValue",
    "date_text",
    "datetime_text",
    "is_deleted",
    "reader",
    "renderer",
    "stamp",
    "standard_org",
]
