"""Salesforce record ids: 15 case-sensitive characters, or 18 when three check characters make them safe to fold.

The first three characters name the object, the rest counts in base 62.  The digits are in ASCII order, so comparing two
ids of one object as strings compares their numbers, and order by Id is order of creation.
"""

from __future__ import annotations

from functools import lru_cache

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
NULL_ID = "000000000000000AAA"
POD = "5g000"
"""Characters 4 to 8 of every id made here: the server instance and the reserved places."""

_PAIRS = tuple(a + b for a in DIGITS for b in DIGITS)
_ALPHABET = frozenset(DIGITS)


@lru_cache(maxsize=65_536)
def _check(group: str) -> str:
    """The check character of five id characters: bit j is set when character j is A to Z."""
    return CHECK[sum(1 << j for j, c in enumerate(group) if "A" <= c <= "Z")]


def check_suffix(id15: str) -> str:
    """The three check characters of a 15-character id."""
    return _check(id15[:5]) + _check(id15[5:10]) + _check(id15[10:15])


def make_id(prefix: str, n: int) -> str:
    """The n-th 18-character id of the object with this 3-character key prefix."""
    rest, low = divmod(n, 3844)
    rest, mid = divmod(rest, 3844)
    top, high = divmod(rest, 3844)
    id15 = f"{prefix}{POD}{DIGITS[top]}{_PAIRS[high]}{_PAIRS[mid]}{_PAIRS[low]}"
    return id15 + check_suffix(id15)


def is_id(text: str) -> bool:
    """Whether this could be an id: 15 base-62 characters, or 18 whose check characters agree (in any case)."""
    return normalise_id(text) is not None


def normalise_id(text: str) -> str | None:
    """The 18-character form of an id, or None when it is none.

    An 18-character id is accepted in any case: its check characters tell which letters are capitals.
    """
    if not text.isascii() or not _ALPHABET.issuperset(text):
        return None
    if len(text) == 15:
        return text + check_suffix(text)
    if len(text) != 18:
        return None
    if check_suffix(text[:15]) == text[15:]:
        return text
    return _recased(text)


def _recased(text: str) -> str | None:
    letters: list[str] = []
    for group, check in enumerate(text[15:].upper()):
        bits = CHECK.find(check)
        if bits < 0:
            return None
        for j, c in enumerate(text[group * 5 : group * 5 + 5]):
            capital = bits >> j & 1
            if capital and not c.isalpha():
                return None
            letters.append(c.upper() if capital else c.lower())
    return "".join(letters) + text[15:].upper()
