"""Records of people that are merely alike: which pairs are worth a look, and how likely the two are one.  Pure.

Two questions, as record linkage asks them (Fellegi and Sunter, 1969).  Which pairs are compared at all: those sharing
a *block*, a fact that two records of one person hardly ever lack both.  And what each fact of a pair weighs: the log of
how much more often it agrees in one person than in two.  The weights are fixed and written here, so that the same
records always give the same answer, with its reasons; a rule never follows from them.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from math import log2
from typing import Any, NamedTuple

from rapidfuzz.distance import JaroWinkler, Levenshtein

from mapping.domains import company_site, plain_name
from mapping.mailboxes import company_domain, local_part

LIKELY = 0.75
"""A pair below this probability is not worth anybody's time."""
CROWD = 25
"""A block of more records tells nothing: everybody is called so, or it is a switchboard."""
_RANDOM = -8.0
"""log2 of the odds that two records of one block are one person, before anything is compared."""
_FEW = 2
"""So many of one name do not make it a common one: they may be the two in question."""
_SIMILAR = 0.92
_WORD = re.compile(r"[\W_]+")
_DIGITS = re.compile(r"\d+")
_NOBODY = frozenset(("test", "tester", "xxx", "xx", "unknown", "not provided", "na", "n a", "none", "asdf", "demo"))
"""What people type where they have no name."""
_NICKNAMES = (
    ("robert", "bob", "rob", "bobby"), ("william", "bill", "will", "billy"), ("james", "jim", "jimmy"),
    ("john", "jack", "johnny"), ("michael", "mike", "mick"), ("richard", "rick", "dick", "rich"),
    ("elizabeth", "liz", "beth", "betty", "eliza"), ("margaret", "peggy", "maggie", "meg"), ("thomas", "tom", "tommy"),
    ("charles", "charlie", "chuck"), ("joseph", "joe"), ("edward", "ed", "eddie", "ted"), ("david", "dave"),
    ("daniel", "dan", "danny"), ("anthony", "tony"), ("katherine", "catherine", "kate", "kathy", "cathy", "katie"),
    ("patricia", "pat", "patty", "trish"), ("jennifer", "jen", "jenny"), ("susan", "sue", "susie"),
    ("stephen", "steven", "steve"), ("matthew", "matt"), ("andrew", "andy", "drew"), ("alexander", "alex", "sandy"),
    ("christopher", "chris"), ("nicholas", "nick"), ("samuel", "sam"), ("benjamin", "ben"), ("gregory", "greg"),
    ("deborah", "debbie", "deb"), ("barbara", "barb"), ("alfred", "fred"), ("frederick", "fred", "freddie"),
    ("johannes", "hans", "jo"), ("friedrich", "fritz"), ("wilhelm", "willi", "willy"), ("josef", "sepp"),
)  # fmt: skip
_CALLED: dict[str, set[int]] = {}
for _n, _group in enumerate(_NICKNAMES):
    for _name in _group:
        _CALLED.setdefault(_name, set()).add(_n)


class Person(NamedTuple):
    """What is compared of one record."""

    n: int
    """Its number."""
    whose: str
    """Its entity: two records of one are not compared."""
    system: str
    first: str
    last: str
    email: str
    local: str
    """Of the address, unless it is a role's."""
    phones: frozenset[str]
    """The last nine digits of each."""
    company: str
    domain: str
    """Of the address or the website, unless it is everybody's."""


class Likeness(NamedTuple):
    """How alike two records are."""

    probability: float
    pro: tuple[str, ...]
    contra: tuple[str, ...]


def person(n: int, whose: str, system: str, own: Mapping[str, Any], shared: Callable[[str], bool]) -> Person:
    """From the own values of a record; shared: whether an address is nobody's in particular."""
    email = str(own.get("email") or "").lower()
    local = local_part(email)
    site = company_domain(email)
    company = plain_name(str(own.get("company") or ""))
    digits = (re.sub(r"\D", "", str(own.get(name) or ""))[-9:] for name in ("phone", "mobile"))
    return Person(
        n=n,
        whose=whose,
        system=system,
        first=_plain(own.get("first_name")),
        last=_plain(own.get("last_name")),
        email=email,
        local="" if shared(email) else _WORD.sub("", local),
        phones=frozenset(number for number in digits if len(number) >= 7),
        company="" if company in _NOBODY else company,
        domain=(company_site(site) or "") if site else "",
    )


def blocks(one: Person) -> Iterator[str]:
    """The facts by which a record meets others; a record without a name meets nobody."""
    if not one.last or one.last in _NOBODY or one.first in _NOBODY:
        return
    if one.first:
        yield f"n|{one.last}|{one.first[0]}"
        yield f"n|{one.first}|{one.last[0]}"
    if len(one.local) > 4:
        yield f"l|{one.local}"
    for number in one.phones:
        yield f"p|{number}"
    for place in filter(None, {one.domain, one.company}):
        yield f"c|{one.last[:4]}|{place}"


def pairs(people: Sequence[Person]) -> Iterator[tuple[int, int]]:
    """Positions of two that share a block and are not one already; a pair of several blocks comes once for each.

    Of 100,000 people some 500,000 numbers are held beside: blocks are told apart by the hash of their fact, and a block
    with a crowd in it is left out.
    """
    entries = sorted((_short(block), at) for at, one in enumerate(people) for block in blocks(one))
    start = 0
    while start < len(entries):
        end = start
        while end < len(entries) and entries[end][0] == entries[start][0]:
            end += 1
        if 1 < end - start <= CROWD:
            block = [at for _, at in entries[start:end]]
            for i, a in enumerate(block):
                for b in block[i + 1 :]:
                    if people[a].whose != people[b].whose:
                        yield a, b
        start = end


def _short(block: str) -> int:
    return int.from_bytes(blake2b(block.encode(), digest_size=8).digest(), "big")


def namesakes(people: Iterable[Person]) -> Counter[tuple[str, str]]:
    """How many are called so: a common name says less."""
    return Counter((first, last) for first, last, _ in {(one.first, one.last, one.whose) for one in people})


def likeness(a: Person, b: Person, called: Mapping[tuple[str, str], int]) -> Likeness:
    """What speaks for it that the two are one, and what against it.  called: as `namesakes` counts."""
    weights = [*_names(a, b), *_addresses(a, b), *_phones(a, b), *_companies(a, b)]
    many = max(called.get((one.first, one.last), 1) for one in (a, b))
    if many > _FEW:
        weights.append((log2(_FEW / many), f"{many} people are called so"))
    odds = 2.0 ** (_RANDOM + sum(weight for weight, _ in weights))
    pro = tuple(text for weight, text in weights if weight > 0)
    contra = tuple(text for weight, text in weights if weight < 0)
    return Likeness(odds / (1 + odds), pro, contra)


Weighed = Iterator[tuple[float, str]]


def _names(a: Person, b: Person) -> Weighed:
    if a.first and a.last and (a.first, a.last) == (b.last, b.first) and a.first != a.last:
        yield 6.0, "first and last name exchanged"
        return
    if a.last == b.last:
        yield 4.0, "same last name"
    elif _near(a.last, b.last):
        yield 2.5, "similar last name"
    else:
        yield -6.0, "different last name"
    if not a.first or not b.first:
        return
    if a.first == b.first:
        yield 3.0, "same first name"
    elif _CALLED.get(a.first, set()) & _CALLED.get(b.first, set()):
        yield 2.5, "first names of one person"
    elif _near(a.first, b.first):
        yield 2.0, "similar first name"
    elif a.first[0] == b.first[0] and 1 in (len(a.first), len(b.first)):
        yield 1.0, "same initial"
    else:
        yield -6.0, "different first name"


def _addresses(a: Person, b: Person) -> Weighed:
    if not a.email or not b.email:
        return
    (x, _, at_x), (y, _, at_y) = a.email.rpartition("@"), b.email.rpartition("@")
    if a.email == b.email:
        yield 6.0, "same e-mail"
    elif a.local and a.local == b.local:
        if Levenshtein.distance(at_x, at_y, score_cutoff=2) <= 2:
            yield 6.0, "e-mail differs by a few letters"
        elif a.domain and b.domain and (_of_name(a) or _of_name(b)):
            yield 0.5, "same e-mail before the @, made of the name"
        else:
            yield 3.5, "same e-mail before the @"
    elif at_x == at_y and len(x) > 4 and Levenshtein.distance(x, y, score_cutoff=1) <= 1 and not _DIGITS.search(x + y):
        yield 3.0, "e-mail differs by a letter"
    elif at_x == at_y and _DIGITS.sub("", a.local) == _DIGITS.sub("", b.local):
        yield -4.0, "e-mail numbered to tell two apart"
    elif a.domain and a.domain == b.domain and not (_of_name(a) and _of_name(b)):
        yield -4.0, "two addresses at one company"
    else:
        yield -0.5, "different e-mail"


def _of_name(one: Person) -> bool:
    """Whether the address is made of the name."""
    last = _WORD.sub("", one.last)
    return bool(last) and last in one.local


def _phones(a: Person, b: Person) -> Weighed:
    if a.phones & b.phones:
        yield 4.0, "same phone"
    elif a.phones and b.phones:
        yield -1.5, "different phone"


def _companies(a: Person, b: Person) -> Weighed:
    if a.domain and a.domain == b.domain:
        yield 3.0, "same company domain"
    elif a.company and b.company:
        if a.last in a.company or b.last in b.company:
            return
        if a.company == b.company:
            yield 3.0, "same company"
        elif _near(a.company, b.company, 0.96):
            yield 2.0, "similar company"
        else:
            yield -2.0, "different company"
    elif a.domain and b.domain:
        yield -2.0, "different company domain"


def _near(a: str, b: str, least: float = _SIMILAR) -> bool:
    return bool(a and b) and JaroWinkler.similarity(a, b, score_cutoff=least) > 0


def _plain(value: Any) -> str:
    """Without case, accents and punctuation."""
    letters = unicodedata.normalize("NFKD", str(value or "").casefold())
    return _WORD.sub(" ", "".join(c for c in letters if not unicodedata.combining(c))).strip()
