"""What people did on the website and with newsletters, one by one, as far as their contacts' own numbers tell of it.

By chance of its own, so that nothing else depends on it; not of everybody, so that it stays cheap.
"""

from __future__ import annotations

import random
from typing import Any

from sandbox.hubspot.codec import moment
from sandbox.hubspot.events import Behaviour, EmailEvent, Event, Form, Submission

DAY = 86_400_000
SHARE = 0.4
"""Of people whose deeds are told one by one."""
SITE = "https://www.homes.example"
PAGES = ("/house-types", "/plots", "/plots/lakeside", "/prices", "/stories", "/financing", "/model-home", "/contact")
NEWSLETTERS = (7_001, 7_002, 7_003, 7_004)
"""Marketing e-mails, the newest last."""
MOST = 6
"""Deeds of a sort that are told of one person."""
SCANNED = 0.15
"""The share of opens that come from a scanner, at once."""


def tell(behaviour: Behaviour, contact: str, values: dict[str, Any], now: int) -> None:
    """The visits, the last form and the mails of a contact with these properties."""
    rng = random.Random(f"deeds {contact}")
    if rng.random() >= SHARE:
        return
    _views(behaviour, contact, values, rng)
    _form(behaviour, contact, values)
    _mails(behaviour, contact, values, rng, now)


def title(page: str) -> str:
    """What stands above a page."""
    return page.strip("/").replace("/", ": ").replace("-", " ").capitalize() or "Home"


def _views(behaviour: Behaviour, contact: str, values: dict[str, Any], rng: random.Random) -> None:
    last = moment(str(values.get("hs_analytics_last_visit_timestamp") or ""))
    if last is None:
        return
    first = str(values.get("hs_analytics_first_url") or SITE).removeprefix(SITE)
    count = min(MOST, int(values.get("hs_analytics_num_page_views") or 1))
    at = last - (count // 3) * DAY
    told = []
    for n in range(count):
        page = first if n == 0 else rng.choice(PAGES)
        properties = {
            "hs_url": f"{SITE}{page}",
            "hs_page_title": title(page),
            "hs_visit_source": str(values.get("hs_analytics_source") or "DIRECT_TRAFFIC"),
        }
        told.append(Event(f"{contact}-{n}", "contact", contact, "e_visited_page", at, properties))
        at = min(last, at + (DAY if n % 3 == 2 else rng.randrange(20_000, 300_000)))
    behaviour.events.setdefault(contact, []).extend(told)


def _form(behaviour: Behaviour, contact: str, values: dict[str, Any]) -> None:
    at, name = moment(str(values.get("recent_conversion_date") or "")), values.get("recent_conversion_event_name")
    if at is None or not name or not values.get("email"):
        return
    page, _, called = str(name).partition(": ")
    guid = random.Random(f"form {name}").randbytes(16).hex()
    form = behaviour.forms.setdefault(guid, Form(guid, called or page, at))
    where = f"{SITE}/{page.lower().replace(' ', '-')}"
    form.submissions.append(Submission(f"{contact}-form", at, {"email": str(values["email"])}, where))


def _mails(behaviour: Behaviour, contact: str, values: dict[str, Any], rng: random.Random, now: int) -> None:
    email, opened = str(values.get("email") or ""), moment(str(values.get("hs_email_last_open_date") or ""))
    if not email or opened is None:
        return
    clicks = int(values.get("hs_email_click") or 0)
    for n in range(min(MOST, int(values.get("hs_email_open") or 0))):
        campaign, scanned = NEWSLETTERS[-1 - n % len(NEWSLETTERS)], rng.random() < SCANNED
        at = opened - n * 9 * DAY
        sent = at - (700 if scanned else rng.randrange(60_000, DAY))
        more = {"sentBy": {"id": f"{contact}-sent-{n}", "created": sent}}
        behaviour.emails.append(EmailEvent(f"{contact}-open-{n}", "OPEN", email, at, campaign, more))
        if n < clicks and not scanned:
            url = {"url": f"{SITE}{rng.choice(PAGES)}?utm_source=newsletter"}
            followed = min(now, at + 40_000)
            behaviour.emails.append(EmailEvent(f"{contact}-click-{n}", "CLICK", email, followed, campaign, more | url))
