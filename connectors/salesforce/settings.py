"""What a person may set about Salesforce.  Secrets never show in a repr."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from connectors.errors import Misconfigured
from connectors.salesforce.paths import DEFAULT_VERSION

_VERSION = re.compile(r"\d{2,3}\.0\Z")
_NEEDS = {
    "client_credentials": ("client_id", "client_secret"),
    "jwt": ("client_id", "username", "private_key"),
    "refresh_token": ("client_id", "refresh_token"),
    "password": ("username", "password"),
    "access_token": ("access_token",),
}


@dataclass(frozen=True)
class Settings:
    """`auth` is one of client_credentials, jwt, refresh_token, password, access_token."""

    login_url: str
    """Where to sign in: My Domain, login.salesforce.com, test.salesforce.com, or any http or https address."""
    auth: str = "client_credentials"
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    username: str = ""
    password: str = field(default="", repr=False)
    security_token: str = field(default="", repr=False)
    private_key: str = field(default="", repr=False)
    """PEM text of the RSA key whose certificate the app holds."""
    refresh_token: str = field(default="", repr=False)
    access_token: str = field(default="", repr=False)
    instance_url: str = ""
    """With `access_token`: the host to call, where it is not `login_url`."""
    version: str = DEFAULT_VERSION
    bulk_above: int = 200_000
    """A full listing of more rows than this runs as a Bulk 2.0 job."""
    bulk_above_writes: int = 2_000
    """More writes than this at once run as Bulk 2.0 jobs."""
    save_duplicates: bool = False
    """Save even where a duplicate rule that only alerts finds a match."""

    lag_ms: int = 300_000
    """How late a change may show: stamps are taken inside transactions, and those last minutes at most."""

    @classmethod
    def of(cls, section: Mapping[str, Any]) -> Settings:
        """From the section of the configuration; what it does not set keeps its default."""
        known = {item.name: section[item.name] for item in fields(cls) if section.get(item.name) is not None}
        if not known.get("login_url"):
            raise Misconfigured("[salesforce] login_url is missing; expected https://<your domain>.my.salesforce.com")
        return cls(**known)

    def __post_init__(self) -> None:
        needed = _NEEDS.get(self.auth)
        if needed is None:
            raise Misconfigured(f"[salesforce] auth is {self.auth!r}; it must be one of {', '.join(_NEEDS)}")
        missing = [name for name in needed if not getattr(self, name)]
        if missing:
            raise Misconfigured(f"[salesforce] auth = {self.auth!r} needs {' and '.join(missing)}")
        if not _VERSION.match(self.version):
            raise Misconfigured(f"[salesforce] version is {self.version!r}; it must be like {DEFAULT_VERSION!r}")
