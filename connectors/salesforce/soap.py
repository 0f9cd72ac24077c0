"""The two SOAP calls that REST has no equal for: login by name and password, and emptying the recycle bin.

login() is gone above version 64.0 and off in new orgs (Salesforce help 005132110); it serves those who have it, and
only until the token it gives is in hand.  The rest of SOAP stays, and takes any token as its session.
"""

from __future__ import annotations

import re
from html import unescape
from xml.sax.saxutils import escape

HEADERS = {"content-type": "text/xml; charset=UTF-8", "soapaction": "login", "accept": "text/xml"}
BIN_HEADERS = {**HEADERS, "soapaction": "emptyRecycleBin"}

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


def empty_bin_envelope(session: str, id: str) -> bytes:
    """Remove one record from the recycle bin for good (SOAP guide, emptyRecycleBin): REST has no call for it."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/" xmlns:urn="urn:partner.soap.sforce.com">'
        f"<env:Header><urn:SessionHeader><urn:sessionId>{escape(session)}</urn:sessionId></urn:SessionHeader>"
        f"</env:Header><env:Body><urn:emptyRecycleBin><urn:ids>{escape(id)}</urn:ids></urn:emptyRecycleBin></env:Body>"
        "</env:Envelope>"
    ).encode()


def element(document: str, name: str) -> str:
    """The text of the first element of this local name, whatever its prefix; empty when there is none."""
    found = re.search(rf"<(?:[\w.-]+:)?{name}(?:\s[^>]*)?>([^<]*)<", document)
    return unescape(found.group(1)) if found else ""
