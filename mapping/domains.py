"""Whose website an address is: the host of what people type, and the part of it that one company registers."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import idna
from publicsuffixlist import PublicSuffixList

from mapping.mailboxes import FREE_MAIL

_HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]{2,59})\Z")
_WORDS = re.compile(r"[^\w]+")

PLATFORMS = frozenset(
    {
        "bing.com", "crunchbase.com", "facebook.com", "g.page", "github.com", "google.com", "indeed.com",
        "instagram.com", "linkedin.com", "linktr.ee", "medium.com", "pinterest.com", "t.me", "tiktok.com",
        "trustpilot.com", "twitter.com", "wikipedia.org", "x.com", "xing.com", "yelp.com", "youtu.be", "youtube.com",
    }
)  # fmt: skip
"""Sites on which everybody has a page."""

LEGAL_FORMS = frozenset(
    {
        "ab", "ag", "as", "bv", "co", "company", "corp", "corporation", "gmbh", "group", "holding", "inc",
        "incorporated", "kg", "limited", "llc", "llp", "ltd", "ltda", "mbh", "nv", "oy", "plc", "pty", "sa", "sarl",
        "sas", "se", "spa", "srl", "the", "und", "and",
    }
)  # fmt: skip
"""Words by which names of one company differ."""


def host(raw: str) -> str | None:
    """The host of a web address as people type it, without `www.`; None: it is none, or everybody's."""
    typed = raw.strip().lower()
    typed = typed.partition("://")[2] if "://" in typed else typed.removeprefix("//")
    name = re.split(r"[/?#]", typed, maxsplit=1)[0].rpartition("@")[2].partition(":")[0].strip(". ")
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            return None
    if registered(name) != name:
        # www.com itself is somebody's.
        name = name.removeprefix("www.")
    return name if _HOST.match(name) and registered(name) not in PLATFORMS else None


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


@lru_cache(maxsize=4096)
def registered(name: str) -> str:
    """The part of a host that somebody registered: acme.co.uk of shop.acme.co.uk."""
    return str(_suffixes().privatesuffix(name) or name)


def company_site(name: str) -> str | None:
    """The registered part, unless mail providers give addresses there to everybody."""
    own = registered(name)
    return None if own in FREE_MAIL or name in FREE_MAIL else own


def plain_name(raw: str) -> str:
    """A company's name without case, accents, punctuation and legal form; empty if nothing is left."""
    letters = unicodedata.normalize("NFKD", raw.casefold())
    words = _WORDS.split("".join(c for c in letters if not unicodedata.combining(c)))
    return " ".join(word for word in words if word and word not in LEGAL_FORMS)
