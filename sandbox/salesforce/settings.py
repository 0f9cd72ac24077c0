"""What an administrator of the org would decide, and who may log in."""

from __future__ import annotations

from dataclasses import dataclass

OLDEST_SERVED = 31
NEWEST_SERVED = 68
LAST_SOAP_LOGIN = 64


@dataclass(slots=True)
class Settings:
    """Every switch of the Salesforce face; change it at any time."""

    client_id: str = "3MVG9sandboxConsumerKey.Smarketing"
    client_secret: str = "5A9D0C1E7B2F4836A1D0"  # noqa: S105  a stand-in's secret guards nothing
    username: str = "integration@acme.example"
    password: str = "practice-world"  # noqa: S105
    security_token: str = "TokenForPractice"  # noqa: S105
    public_key: str | None = None
    """PEM of the key that JWTs are signed with; None: the face makes a pair when it is first asked for."""
    rotate_refresh_tokens: bool = False
    session_ms: int = 2 * 3600 * 1000
    """A session ends after this long without a call."""
    soap_login: bool = True
    daily_limit: int = 100_000
    enforce_daily_limit: bool = True
    page: int = 2_000
    """Rows of a query page unless the caller asks for fewer."""
    locator_ms: int = 2 * 24 * 3600 * 1000
    """How long a query cursor lives."""
    composite_cas: bool = True
    """Whether a composite subrequest honours its own If-Unmodified-Since."""
    commit_lag_ms: int = 0
    """Stamps are taken in the transaction, not at its end: a change may become visible up to this long after its own
    SystemModstamp (0: at once)."""
    bulk_ms: int = 0
    """How long a bulk job takes after its upload; 0: it is complete when the upload is closed."""
    bulk_shuffle: bool = True
    """Whether bulk results come in another order than the upload."""
    bulk_quoted_newlines: bool = True
    """Whether a quoted value may hold a line break (field reports disagree)."""
    unique_activity_fields: bool = False
    """Whether a custom field of tasks and events may be unique or an external id (believed impossible)."""
    data_storage: int = 0
    """So many records the org has room for, those in the bin included; 0: any number."""
    edit_converted_leads: bool = False
    """The permission View and Edit Converted Leads."""
    duplicate_key: str = "duplicateResut"
    """The key of a duplicate report.  The platform spells it like this; some versions are said to correct it."""
