"""A short name for everything that a rule says, the same in every process: if it changes, all is decided again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Set
from dataclasses import fields, is_dataclass
from typing import Any


def fingerprint(*values: Any) -> str:
    """16 hexadecimal digits.  values: dataclasses, mappings, sets, sequences and plain values, nested."""
    written = json.dumps([_plain(value) for value in values], ensure_ascii=True).encode()
    return hashlib.blake2b(written, digest_size=8).hexdigest()


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return [type(value).__name__, *(_plain(getattr(value, field.name)) for field in fields(value))]
    if isinstance(value, Mapping):
        return sorted(([_plain(key), _plain(item)] for key, item in value.items()), key=json.dumps)
    if isinstance(value, Set):
        return sorted((_plain(item) for item in value), key=json.dumps)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
