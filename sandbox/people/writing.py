"""How people write telephone numbers and mangle letters."""

from __future__ import annotations

import random

from sandbox.people.places import Place


def phone(number: str, place: Place, rng: random.Random) -> str:
    """An international number in another of the usual ways; any other number stays as it is."""
    code, *groups = number.split(" ")
    if not number.startswith("+") or len(groups) < 2:
        return number
    kind = int(rng.random() * 8)
    national = place.national + " ".join(groups)
    if kind == 0:
        return "".join(number.split())
    if kind == 1:
        return "00" + "".join(number.split())[1:]
    if kind == 2:
        return national
    if kind == 3:
        return "".join(national.split())
    if kind == 4:
        return f"({place.national}{groups[0]}) {'-'.join(groups[1:])}"
    if kind == 5:
        return f"{place.national}{groups[0]}/{' '.join(groups[1:])}"
    if kind == 6:
        return ".".join([place.national + groups[0], *groups[1:]])
    return f"{code} (0) {' '.join(groups)}"


def noted_phone(number: str, rng: random.Random) -> str:
    """A number with something else in the same field, or something else altogether."""
    return rng.choice(
        (
            f"{number} ext. 12",
            f"{number} / after 6pm",
            f"Tel: {number}",
            f"{number}; {number[-6:]}",
            f"{number} (mother)",
            "12345",
            "n/a",
            "call me",
            number.translate(_ARABIC_DIGITS),
            "tel:" + number,
            "\u202d" + number,
        )
    )


_ARABIC_DIGITS = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


def mojibake(text: str) -> str:
    """UTF-8 read as Windows-1252: `Müller` → `MÃ¼ller`."""
    return text.encode("utf-8").decode("cp1252", errors="replace")


LONG_NAME = "Freifrau von und zu " + "Hohenlohe-Waldenburg-" * 5 + "Ende"
"""Longer than the 80 characters of a Salesforce last name."""
LONG_TITLE = "Head of " + "Purchasing, Planning, Procurement and " * 5 + "Projects"
"""Longer than the 128 characters of a Salesforce title."""
LONG_TEXT = "The customer called again about the terrace, and it took a while to write this all down. " * 400
"""Longer than the 32,000 characters of a Salesforce description; one object for all, so that it costs memory once."""
