"""Match keys: the normalised facts by which records of one person or company find each other.

email:ann@acme.com          the record's own address
alt:ann@acme.com            a further address of the record
key:salesforce:Lead:00Q1    the record names that one in its sync key
domain:acme.com             the company's website
name:acme homes|de          opt-in: a company's name and country together, a deal's name and close date
called:acme - alder 120     how people ask for a deal: no identity either
made:salesforce:006…        the record of a lead that was converted names what came of it: contact, account, opportunity
parent:hubspot:company:51   the record refers to that company: no identity, but how it is found when that one moves
phone:+4930123456|muster|acme.com    opt-in: number, last name and company domain together
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import phonenumbers

from mapping.domains import company_site, host, plain_name
from mapping.mailboxes import company_domain
from mapping.rules import KindRule, Value
from mapping.values import form, parse_phone


def match_keys(rule: KindRule, names: Iterable[str], own: Mapping[str, Value]) -> list[str]:
    """The keys of a record, most telling first.  names: under which `own`, as `Mapping.decode` gives it, holds the
    record's sync keys."""
    keys = [f"{name[1:]}:{named}" for name in names if (named := own.get(name)) is not None]
    address = own.get("email")
    if address is not None:
        keys.append(f"email:{address}")
    keys += [f"alt:{other}" for other in own.get("@emails") or () if other != address]
    site = own.get("domain")
    if site is not None and host(str(site)) is not None and (company := company_site(str(site))) is not None:
        keys.append(f"domain:{company}")
    if rule.match_phone:
        keys += _phone_keys(rule, own)
    if rule.match_name:
        keys += _name_keys(own, plain_name if rule.kind == "company" else _folded)
    return keys


def _name_keys(own: Mapping[str, Value], plain: Callable[[str], str]) -> list[str]:
    name, more = plain(str(own.get("name") or "")), own.get("country") or own.get("close_date")
    beside = str(more or "").strip().casefold()
    return [f"name:{name}|{beside}"] if name and beside else []


def made_key(system: str, id: str) -> str:
    """The match key under which the leads are found of whose conversion this record came; it is no identity."""
    return f"made:{system}:{id}"


def called_key(name: Value) -> str:
    """The match key under which an entity is found by its name; it is no identity."""
    return f"called:{_folded(str(name))}"


def _folded(name: str) -> str:
    return " ".join(str(form("text", name) or "").casefold().split())


def _phone_keys(rule: KindRule, own: Mapping[str, Value]) -> list[str]:
    last = own.get("last_name")
    domain = company_domain(str(own.get("email") or ""))
    if not isinstance(last, str) or domain is None:
        return []
    name = str(form("text", last)).casefold()
    numbers = {
        phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        for field in rule.fields
        if field.type == "phone"
        and (raw := own.get(field.name)) is not None
        and (number := parse_phone(str(raw), rule.phone_region)) is not None
        and phonenumbers.is_possible_number(number)
    }
    return [f"phone:{number}|{name}|{domain}" for number in sorted(numbers)]
