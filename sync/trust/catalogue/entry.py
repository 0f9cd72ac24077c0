"""One kind of refusal: what it means, what puts it right and who can, and when it is worth another try."""

from __future__ import annotations

from typing import NamedTuple

RETRIES = {
    "transient": "passes by itself; tried again by the next sync",
    "limit": "passes by itself when the quota is free again",
    "data": "a value has to change",
    "permission": "a right has to be granted",
    "bug": "ours or the platform's: please report it if it stays",
}
RESTS = {
    "value": "when the values that are written change, or what the platform says of these fields",
    "record": "when another mapped field of the record changes there, too",
    "hidden": "then, too; and one record of each cause is tried once an hour, the others with it once it goes through",
}
"""What a refusal rests on → when it is tried again."""


class Entry(NamedTuple):
    """`{object}` and `{field}` in the texts stand for what was refused."""

    cause: str
    fix: str
    who: str = "ops"
    """admin, ops or rep: who can put it right."""
    retry: str = "data"
    """One of `RETRIES`."""
    rests: str = "value"
    """One of `RESTS`."""
    words: str = ""
    """A regular expression: the entry holds only where the platform's message matches."""

    def filled(self, object: str, fields: tuple[str, ...] | list[str]) -> Entry:
        """With the names of what was refused."""
        named = ", ".join(fields) or "the field that the message names"
        cause, fix = (text.replace("{object}", object).replace("{field}", named) for text in (self.cause, self.fix))
        return self._replace(cause=cause, fix=fix)


Codes = dict[str, tuple[Entry, ...]]
"""Code → its entries; those with `words` come first, and the last holds for all else."""


def admin(cause: str, fix: str, rests: str = "hidden", words: str = "") -> Entry:
    """A right that an administrator has to grant."""
    return Entry(cause, fix, "admin", "permission", rests, words)
