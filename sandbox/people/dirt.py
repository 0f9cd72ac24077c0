"""Everything that goes wrong with people's records: one small function for each kind, and how often it strikes.

`spoil` picks a kind and applies it to what a person looks like in one or both systems; a kind that cannot apply (no
such field, no such side) leaves the person clean.  `differ` makes the two records of one person disagree a little, as
they always do after some years.
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sandbox.people import story, writing
from sandbox.people.places import plain
from sandbox.people.story import DAY

if TYPE_CHECKING:
    from sandbox.people.crowd import Person

Spoil = Callable[["Person", "Person | None", random.Random], bool]
"""Whether it could be applied."""

NAMES = (("firstname", "FirstName"), ("lastname", "LastName"))


def spoil(person: Person, previous: Person | None, rng: random.Random) -> None:
    name, apply = _BY_WEIGHT[int(rng.random() * len(_BY_WEIGHT))]
    if apply(person, previous, rng):
        person.dirt = name


def differ(person: Person, rng: random.Random) -> None:
    """Change a field or two of the Salesforce record, or lose one in HubSpot."""
    hubspot, crm = person.hubspot, person.salesforce
    assert hubspot is not None and crm is not None
    rnd = rng.random
    kind = int(rnd() * 7)
    if kind <= 1 and "Phone" in crm:
        crm["Phone"] = writing.phone(crm["Phone"], person.place, rng)
    elif kind == 2:
        hubspot.pop("phone", None)
    elif kind == 3:
        crm["Title"] = person.place.titles[int(rnd() * len(person.place.titles))]
    elif kind == 4:
        town = person.place.towns[int(rnd() * len(person.place.towns))]
        crm["City" if person.object == "Lead" else "MailingCity"] = town.name
    elif kind == 5:
        crm["FirstName"] = crm["FirstName"][:1] + "."
    else:
        _countries(person, None, rng)


def _rewrite(change: Callable[[str], str], sides: str = "both", fields: tuple[tuple[str, str], ...] = NAMES) -> Spoil:
    """A kind that writes the same fields in another way, on one side or on both."""

    def apply(person: Person, previous: Person | None, rng: random.Random) -> bool:
        done = False
        for hubspot_name, crm_name in fields:
            for values, name, side in (
                (person.hubspot, hubspot_name, "hubspot"), (person.salesforce, crm_name, "salesforce"),
            ):  # fmt: skip
                old = values.get(name) if values is not None and sides in ("both", side) else None
                if values is not None and old:
                    new = change(old)
                    values[name] = new
                    done = done or new != old
        return done

    return apply


def _put(person: Person, hubspot_name: str, crm_name: str, value: Any, crm_value: Any = None) -> bool:
    """Write a value on every side there is; None removes it."""
    for values, name, wanted in (
        (person.hubspot, hubspot_name, value),
        (person.salesforce, crm_name, value if crm_value is None else crm_value),
    ):
        if values is None or not name:
            continue
        if wanted is None:
            values.pop(name, None)
        else:
            values[name] = wanted
    return True


def _email(person: Person) -> str | None:
    values = person.hubspot if person.hubspot is not None else person.salesforce
    found = values.get("email" if person.hubspot is not None else "Email") if values else None
    return found if isinstance(found, str) else None


# mailboxes


def _plus_tag(person: Person, previous: Person | None, rng: random.Random) -> bool:
    email = _email(person)
    if email is None:
        return False
    local, _, domain = email.partition("@")
    return _put(person, "email", "Email", f"{local}+{rng.choice(('homes', 'newsletter', 'plot7', 'x'))}@{domain}")


def _family_mailbox(person: Person, previous: Person | None, rng: random.Random) -> bool:
    """Two of one family use one mailbox: two people in Salesforce, but HubSpot gives an e-mail to one contact only."""
    shared = _email(previous) if previous is not None else None
    if previous is None or shared is None or person.salesforce is None or previous.salesforce is None:
        return False
    person.salesforce["Email"] = shared
    person.salesforce["LastName"] = previous.salesforce["LastName"]
    if person.hubspot is not None:
        person.hubspot["lastname"] = previous.salesforce["LastName"]
        person.hubspot.pop("email", None)
    return True


def _more_emails(person: Person, previous: Person | None, rng: random.Random) -> bool:
    if person.hubspot is None or not person.hubspot.get("email"):
        return False
    extra = [f"old.sample{person.number:07d}@{rng.choice(person.place.freemail)}"]
    if rng.random() < 0.4:
        extra.append(f"second.sample{person.number:07d}@mail.example")
    person.hubspot["hs_additional_emails"] = ";".join(extra)
    if person.salesforce is not None and rng.random() < 0.6:
        person.salesforce["Email"] = extra[0]
    return True


def _other_email(person: Person, previous: Person | None, rng: random.Random) -> bool:
    """One person, known under another mailbox in each system."""
    if person.hubspot is None or person.salesforce is None or "email" not in person.hubspot:
        return False
    person.salesforce["Email"] = f"private.sample{person.number:07d}@{rng.choice(person.place.freemail)}"
    return True


def _same_person_again(person: Person, previous: Person | None, rng: random.Random) -> bool:
    """The person before, entered once more with another mailbox and a slightly different name."""
    if previous is None:
        return False
    old = previous.hubspot or {}
    crm = previous.salesforce or {}
    given, family = old.get("firstname") or crm.get("FirstName"), old.get("lastname") or crm.get("LastName")
    if not given or not family:
        return False
    _put(person, "firstname", "FirstName", given[:1] + "." if rng.random() < 0.3 else given)
    _put(person, "lastname", "LastName", plain(family))
    if phone := old.get("phone") or crm.get("Phone"):
        _put(person, "phone", "Phone", phone)
    return True


def _no_email(person: Person, previous: Person | None, rng: random.Random) -> bool:
    return _put(person, "email", "Email", None)


def _bad_email(person: Person, previous: Person | None, rng: random.Random) -> bool:
    """Old imports let anything in; HubSpot never did."""
    if person.salesforce is None:
        return False
    local = f"sample{person.number:07d}"
    person.salesforce["Email"] = rng.choice(
        (f"{local}@", f"{local}@localhost", f"{local} at mail.example", f"{local}@@mail.example", "n/a", "none@none",
         f"{local}@mail,example", f"<{local}@mail.example>", f"{local}@mail.example.", f"{local}@mail..example")
    )  # fmt: skip
    return True


def _email_case(person: Person, previous: Person | None, rng: random.Random) -> bool:
    """HubSpot stores e-mails in small letters, Salesforce as typed."""
    if person.salesforce is None or not person.salesforce.get("Email"):
        return False
    email: str = person.salesforce["Email"]
    person.salesforce["Email"] = email.upper() if rng.random() < 0.4 else email.title()
    return True


def _duplicate(person: Person, previous: Person | None, rng: random.Random) -> bool:
    """Two or three Salesforce records with one e-mail: the web form, the fair list, the salesman."""
    crm = person.salesforce
    if crm is None or not crm.get("Email"):
        return False
    for _ in range(1 if rng.random() < 0.7 else 2):
        twin: dict[str, Any] = {
            "FirstName": crm.get("FirstName"),
            "LastName": plain(crm["LastName"]) if rng.random() < 0.5 else crm["LastName"].upper(),
            "Email": crm["Email"],
            "LeadSource": story.SOURCES[int(rng.random() * len(story.SOURCES))].salesforce,
            "OwnerId": crm.get("OwnerId"),
        }
        made_of = "Contact" if rng.random() < 0.3 else "Lead"
        if made_of == "Lead":
            twin["Company"] = crm.get("Company") or "[not provided]"
            twin["Status"] = "Open - Not Contacted"
        person.twins.append((made_of, {name: value for name, value in twin.items() if value}))
    return True


# names and companies


def _no_last_name(person: Person, previous: Person | None, rng: random.Random) -> bool:
    """Salesforce demands one, so people make one up."""
    return _put(
        person, "lastname", "LastName", None, rng.choice((".", "-", "unknown", "[not provided]", "Null", "N.N."))
    )


def _no_company(person: Person, previous: Person | None, rng: random.Random) -> bool:
    filler = rng.choice(("n/a", "-", "[not provided]", "private", "Privat", "keine"))
    return _put(person, "company", "Company" if person.object == "Lead" else "", None, filler)


def _test_record(person: Person, previous: Person | None, rng: random.Random) -> bool:
    person.stage = "lead" if person.hubspot is not None else person.stage
    _put(person, "firstname", "FirstName", rng.choice(("Test", "test", "asdf", "TEST delete me")))
    _put(person, "lastname", "LastName", rng.choice(("Test", "Tester", "qwertz", "xxx")))
    return _put(person, "email", "Email", f"test+{person.number}@test.example")


def _swapped(person: Person, previous: Person | None, rng: random.Random) -> bool:
    values = person.hubspot
    if values is None or "firstname" not in values or "lastname" not in values:
        return False
    values["firstname"], values["lastname"] = values["lastname"], values["firstname"]
    return True


def _in_one_field(person: Person, previous: Person | None, rng: random.Random) -> bool:
    values = person.hubspot
    if values is None or "firstname" not in values or "lastname" not in values:
        return False
    given = values.pop("firstname")
    values["lastname"] = f"{values['lastname']}, {given}" if rng.random() < 0.5 else f"Dr. {given} {values['lastname']}"
    return True


def _hostile(person: Person, previous: Person | None, rng: random.Random) -> bool:
    """Characters that end strings in somebody's file format or query language."""
    tail = rng.choice(
        ('O\'Brien "Bob", Jr.', "Back\\slash", "Semi;colon", "Tab\tbed", "100% _wild_", "#N/A", "</b>&amp;")
    )
    return _put(person, "lastname", "LastName", tail)


def _formula(person: Person, previous: Person | None, rng: random.Random) -> bool:
    """What a spreadsheet would run when someone opens an export."""
    start = rng.choice(('=HYPERLINK("http://x.example")', "=1+1", "+SUM(A1:A9)", "@here", "-2+3"))
    _put(person, "company", "Company" if person.object == "Lead" else "Title", start)
    return True


# texts, numbers, lists


def _line_breaks(person: Person, previous: Person | None, rng: random.Random) -> bool:
    text = rng.choice(
        ("First line\r\nsecond line\r\n\r\nlast line", "one\ntwo", "old Mac\rline", "tab\there\r\nand there")
    )
    return _put(person, "message", "Description", text) and _put(
        person, "address", _street(person), "Back yard 3\r\n2nd floor"
    )


def _long_text(person: Person, previous: Person | None, rng: random.Random) -> bool:
    if person.hubspot is not None and rng.random() < 0.5:
        person.hubspot["lastname"] = writing.LONG_NAME
        person.hubspot["jobtitle"] = writing.LONG_TITLE
        return True
    return _put(person, "message", "Description", writing.LONG_TEXT, writing.LONG_TEXT[:31_999])


def _html(person: Person, previous: Person | None, rng: random.Random) -> bool:
    return _put(person, "message", "Description", "<p>Please <b>call</b> me &amp; bring a plan&nbsp;&#128512;<br/></p>")


def _odd_source(person: Person, previous: Person | None, rng: random.Random) -> bool:
    return _put(person, "", "LeadSource", rng.choice(story.ODD_SOURCES)) and person.salesforce is not None


def _odd_industry(person: Person, previous: Person | None, rng: random.Random) -> bool:
    if person.salesforce is None or person.object != "Lead":
        return False
    person.salesforce["Industry"] = rng.choice(story.ODD_INDUSTRIES)
    return True


def _phone_habit(person: Person, previous: Person | None, rng: random.Random) -> bool:
    done = False
    for values, name in ((person.hubspot, "phone"), (person.salesforce, "Phone")):
        if values is not None and (old := values.get(name)):
            values[name] = writing.phone(old, person.place, rng)
            done = True
    return done


def _phone_note(person: Person, previous: Person | None, rng: random.Random) -> bool:
    done = False
    for values, name in ((person.hubspot, "phone"), (person.salesforce, "Phone")):
        if values is not None and (old := values.get(name)):
            values[name] = writing.noted_phone(old, rng)[:40]
            done = True
    return done


def _countries(person: Person, previous: Person | None, rng: random.Random) -> bool:
    habit = person.place.countries[1 + int(rng.random() * (len(person.place.countries) - 1))]
    name = "Country" if person.object != "Contact" else "MailingCountry"
    if person.salesforce is not None and rng.random() < 0.7:
        person.salesforce[name] = habit
        return True
    return _put(person, "country", "", habit) and person.hubspot is not None


def _zip_without_zero(person: Person, previous: Person | None, rng: random.Random) -> bool:
    """A spreadsheet has been here."""
    values = person.hubspot
    if values is None or not values.get("zip", "").startswith("0") or not values["zip"].isdigit():
        return False
    values["zip"] = values["zip"].lstrip("0") or "0"
    return True


# consent, age, bin


def _opted_out(person: Person, previous: Person | None, rng: random.Random) -> bool:
    return _put(person, "hs_email_optout", "HasOptedOutOfEmail", "true", True)


def _opted_out_once(person: Person, previous: Person | None, rng: random.Random) -> bool:
    """The other system has not heard of it."""
    if person.hubspot is None or person.salesforce is None:
        return False
    side = rng.random() < 0.5
    return _put(person, "hs_email_optout", "", "true") if side else _put(person, "", "HasOptedOutOfEmail", None, True)


def _ancient(person: Person, previous: Person | None, rng: random.Random) -> bool:
    """From the system before the system before."""
    age = int((9 + 9 * rng.random()) * 365) * DAY
    person.created -= age
    person.created_crm -= age
    return True


def _binned(person: Person, previous: Person | None, rng: random.Random) -> bool:
    sides = [side for side, values in (("hubspot", person.hubspot), ("salesforce", person.salesforce)) if values]
    person.binned = sides[int(rng.random() * len(sides))]
    return not (person.binned == "salesforce" and person.converted)


def _street(person: Person) -> str:
    return "MailingStreet" if person.object == "Contact" else "Street"


KINDS: dict[str, tuple[int, Spoil]] = {
    "upper_case": (40, _rewrite(str.upper)),
    "lower_case": (40, _rewrite(str.lower)),
    "stray_spaces": (40, _rewrite(lambda text: f" {text}  ".replace(" ", "\u00a0", 1))),
    "double_spaces": (
        15,
        _rewrite(lambda text: text + "  Jr." if " " not in text else text.replace(" ", "  "), "hubspot"),
    ),
    "lost_marks": (120, _rewrite(plain, "salesforce")),
    "broken_marks": (30, _rewrite(writing.mojibake, "salesforce")),
    "split_marks": (30, _rewrite(lambda text: unicodedata.normalize("NFD", text), "hubspot")),
    "zero_width": (12, _rewrite(lambda text: text[:1] + "\u200b" + text[1:] + "\ufeff", "hubspot")),
    "right_to_left": (12, _rewrite(lambda text: f"\u202b{text}\u202c שלום", "hubspot")),
    "emoji": (15, _rewrite(lambda text: text + " 🏡👨\u200d👩\u200d👧", fields=NAMES[:1])),
    "swapped": (15, _swapped),
    "in_one_field": (15, _in_one_field),
    "hostile": (15, _hostile),
    "formula": (12, _formula),
    "no_last_name": (40, _no_last_name),
    "no_company": (90, _no_company),
    "test_record": (20, _test_record),
    "plus_tag": (30, _plus_tag),
    "family_mailbox": (60, _family_mailbox),
    "more_emails": (40, _more_emails),
    "other_email": (40, _other_email),
    "same_person_again": (25, _same_person_again),
    "no_email": (70, _no_email),
    "bad_email": (30, _bad_email),
    "email_case": (60, _email_case),
    "duplicate": (110, _duplicate),
    "line_breaks": (30, _line_breaks),
    "long_text": (10, _long_text),
    "html": (12, _html),
    "odd_source": (50, _odd_source),
    "odd_industry": (30, _odd_industry),
    "phone_habit": (220, _phone_habit),
    "phone_note": (40, _phone_note),
    "country_habit": (60, _countries),
    "zip_without_zero": (40, _zip_without_zero),
    "opted_out": (60, _opted_out),
    "opted_out_once": (60, _opted_out_once),
    "ancient": (40, _ancient),
    "binned": (15, _binned),
}
"""Name → how often it strikes, in relation to the others, and what it does."""

_BY_WEIGHT: tuple[tuple[str, Spoil], ...] = tuple(
    (name, apply) for name, (weight, apply) in KINDS.items() for _ in range(weight)
)
