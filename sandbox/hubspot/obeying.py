"""The validation rules that an administrator sets on properties: writes through the API obey them, too.

Sources: guide "Property validations" (types and arguments of rules), changelog "Property Validations Rules will be
enforced for APIs and Integrations" (a 400 whose message names INVALID_ALPHA).  The other codes are UNCONFIRMED, and so
is that a blank obeys every rule.  Rules on domains, hosts, weekdays and durations are kept and not enforced.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from sandbox.hubspot.codec import moment
from sandbox.hubspot.errors import Problem

_LETTERS, _DIGITS, _BOTH = "ALPHA_ONLY", "NUMERIC_ONLY", "ALPHANUMERIC_ONLY"
_ALPHABETS = {
    _LETTERS: (str.isalpha, "INVALID_ALPHA", "Enter only letters"),
    _DIGITS: (str.isdecimal, "INVALID_NUMERIC", "Enter only numbers"),
    _BOTH: (str.isalnum, "INVALID_ALPHANUMERIC", "Enter only letters and numbers"),
}

Said = tuple[str, str] | None
"""Code and message of what a value breaks."""


def broken(name: str, text: str, rules: Mapping[str, Sequence[str]]) -> Problem | None:
    """The first rule that a value of this property breaks.  rules: type → arguments."""
    for kind, arguments in rules.items() if text else ():
        rule = _RULES.get(kind)
        said = rule(text, arguments[0]) if rule is not None and arguments else None
        if said is not None:
            return Problem(name, *said)
    return None


def _alphabet(text: str, which: str) -> Said:
    known = _ALPHABETS.get(which)
    if known is None:
        return None
    allowed, code, message = known
    return None if all(allowed(letter) or letter == " " for letter in text) else (code, message)


def _min_length(text: str, least: str) -> Said:
    return ("INVALID_LENGTH", f"Enter at least {least} characters") if len(text) < int(least) else None


def _max_length(text: str, most: str) -> Said:
    return ("INVALID_LENGTH", f"Enter at most {most} characters") if len(text) > int(most) else None


def _regex(text: str, pattern: str) -> Said:
    return None if re.fullmatch(pattern, text) else ("INVALID_REGEX", "The value does not match the pattern")


def _min_number(text: str, least: str) -> Said:
    return ("INVALID_NUMBER_RANGE", f"Enter at least {least}") if float(text) < float(least) else None


def _max_number(text: str, most: str) -> Said:
    return ("INVALID_NUMBER_RANGE", f"Enter at most {most}") if float(text) > float(most) else None


def _decimal(text: str, places: str) -> Said:
    after = len(text.partition(".")[2])
    return ("INVALID_DECIMAL", f"Enter at most {places} decimal places") if after > int(places) else None


def _start(text: str, first: str) -> Said:
    return ("INVALID_DATE_RANGE", f"Enter {first} or later") if (moment(text) or 0) < (moment(first) or 0) else None


def _end(text: str, last: str) -> Said:
    return ("INVALID_DATE_RANGE", f"Enter {last} or earlier") if (moment(text) or 0) > (moment(last) or 0) else None


_RULES: dict[str, Callable[[str, str], Said]] = {
    "ALPHANUMERIC": _alphabet,
    "MIN_LENGTH": _min_length,
    "MAX_LENGTH": _max_length,
    "REGEX": _regex,
    "MIN_NUMBER": _min_number,
    "MAX_NUMBER": _max_number,
    "DECIMAL": _decimal,
    "START_DATE": _start,
    "START_DATETIME": _start,
    "END_DATE": _end,
    "END_DATETIME": _end,
}
