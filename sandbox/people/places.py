"""Where the sandbox's people live: common names, towns, telephone patterns and company forms of seventeen countries.

Given names and surnames are common ones combined at random, so nobody in particular is meant.  Telephone patterns use
the ranges that national regulators keep for films and examples where a country has them.  The lists are in
`places.toml`.
"""

from __future__ import annotations

import tomllib
import unicodedata
from pathlib import Path
from typing import Any, NamedTuple

_LATIN = str.maketrans({"ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "ı": "i", "æ": "ae", "å": "a", "đ": "d"})
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})


class Name(NamedTuple):
    """A name as its owner writes it, without its marks, and as it stands in an e-mail address."""

    text: str
    plain: str
    slug: str


class Town(NamedTuple):
    name: str
    state: str
    zip: str
    """A pattern: `#` stands for a digit, `@` for a capital letter."""


class Place(NamedTuple):
    """One country."""

    code: str
    countries: tuple[str, ...]
    """How people write it; the first is the clean form."""
    weight: int
    given: tuple[Name, ...]
    family: tuple[Name, ...]
    towns: tuple[Town, ...]
    streets: tuple[str, ...]
    """`{}` stands for the house number."""
    phones: tuple[str, ...]
    """National patterns in international form, grouped by blanks, `#` a digit."""
    national: str
    """What the pattern's country code turns into when written nationally."""
    freemail: tuple[str, ...]
    forms: tuple[str, ...]
    """Company names: `{}` stands for the founder's surname or a place."""
    titles: tuple[str, ...]
    salutations: tuple[str, ...]
    family_first: bool


def plain(text: str, german: bool = False) -> str:
    """Without diacritics: `Müller` → `Muller`, or `Mueller` the German way; other scripts stay."""
    if text.isascii():
        return text
    text = text.translate(_GERMAN if german else _LATIN).translate(_LATIN)
    decomposed = unicodedata.normalize("NFD", text)
    if not any("LATIN" in unicodedata.name(c, "") for c in decomposed):
        return text
    return unicodedata.normalize("NFC", "".join(c for c in decomposed if not unicodedata.combining(c)))


def _name(entry: str, german: bool) -> Name:
    text, _, latin = entry.replace("_", " ").partition("/")
    bare = plain(text, german)
    slug = plain(latin or text, german).lower()
    return Name(text, bare, "".join(c for c in slug if c.isascii() and c.isalnum()))


def _town(entry: str) -> Town:
    name, state, code = (part.strip() for part in entry.split("|"))
    return Town(name, state, code)


def _place(code: str, entry: dict[str, Any]) -> Place:
    german = code == "DE"

    def split(key: str) -> tuple[str, ...]:
        return tuple(" ".join(part.split()) for part in entry[key].split(";"))

    return Place(
        code=code,
        countries=split("countries"),
        weight=entry["weight"],
        given=tuple(_name(n, german) for n in entry["given"].split()),
        family=tuple(_name(n, german) for n in entry["family"].split()),
        towns=tuple(_town(t) for t in split("towns")),
        streets=split("streets"),
        phones=split("phones"),
        national=entry["national"],
        freemail=tuple(entry["freemail"].split()),
        forms=split("forms"),
        titles=split("titles"),
        salutations=split("salutations"),
        family_first=entry.get("family_first", False),
    )


PLACES: tuple[Place, ...] = tuple(
    _place(code, entry)
    for code, entry in tomllib.loads(Path(__file__).with_name("places.toml").read_text(encoding="utf-8")).items()
)
"""All countries, the most frequent first."""
