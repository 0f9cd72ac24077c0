"""Secrets by reference: the configuration names where a secret is, never the secret."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from connectors.errors import Misconfigured

FORMS = '"env:NAME" or "file:/path"'


def is_reference(text: str) -> bool:
    """Whether this names an environment variable or a file."""
    kind, _, rest = text.partition(":")
    return kind in ("env", "file") and bool(rest)


def _reference(text: str) -> str:
    if not is_reference(text):
        raise ValueError(f"is a secret and must not be written here; use {FORMS}")
    return text


Secret = Annotated[str, AfterValidator(_reference)]
"""A setting that names where a secret is."""


def resolve(reference: str, environment: Mapping[str, str], where: str) -> str:
    """The secret itself.  Raises Misconfigured, naming the setting and what is missing, never the value."""
    kind, _, rest = reference.partition(":")
    if kind == "env":
        value = environment.get(rest, "").strip()
        if not value:
            raise Misconfigured(
                f"{where}: the environment variable {rest} is not set. Set it to the secret and try again."
            )
        return value
    path = Path(rest).expanduser()
    try:
        value = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise Misconfigured(f"{where}: the file {path} cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise Misconfigured(f"{where}: the file {path} is not a text file.") from None
    if not value:
        raise Misconfigured(f"{where}: the file {path} is empty.")
    return value
