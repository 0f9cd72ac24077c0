"""SOAP login: the one call that still takes nothing but a name and a password.

It is gone above version 64.0 and off in new orgs (Salesforce help 005132110); it serves those who have it, and only
until the token it gives is in hand: everything after is REST.
"""

from __future__ import annotations

import re
from html import unescape
from xml.sax.saxutils import escape

HEADERS = {"content-type": "text/xml; charset=UTF-8", "soapaction": "login", "accept": "text/xml"}

_ENVELOPE = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/" xmlns:urn="urn:partner.soap.sforce.com">'
    "<env:Header><urn:CallOptions><urn:client>smarketing</urn:client></urn:CallOptions></env:Header>"
    "<env:Body><urn:login><urn:username>{}</urn:username><urn:password>{}</urn:password></urn:login></env:Body>"
    "</env:Envelope>"
)


def login_envelope(username: str, password: str) -> bytes:
    """The password is followed by the security token, as Salesforce wants it."""
    return _ENVELOPE.format(escape(username), escape(password)).encode()


def element(document: str, name: str) -> str:
    """The text of the first element of this local name, whatever its prefix; empty when there is none."""
    found = re.search(rf"<(?:[\w.-]+:)?{name}(?:\s[^>]*)?>([^<]*)<", document)
    return unescape(found.group(1)) if found else ""
