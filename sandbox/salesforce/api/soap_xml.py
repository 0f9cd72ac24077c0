"""Envelopes of the partner SOAP API, read by namespace and written as the platform writes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
PARTNER = "urn:partner.soap.sforce.com"
ENTERPRISE = "urn:enterprise.soap.sforce.com"
FAULT = "urn:fault.partner.soap.sforce.com"
SOBJECT = "urn:sobject.partner.soap.sforce.com"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_NIL = f"{{{_XSI}}}nil"


class SoapFault(Exception):
    """HTTP 500 with a fault of this exceptionCode."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code = code
        self.message = message


def local(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


class Request:
    """The operation of an envelope, its parameters and its session."""

    def __init__(self, document: bytes) -> None:
        if b"<!DOCTYPE" in document or b"<!ENTITY" in document:
            raise SoapFault("INVALID_SOAP", "A document type is not allowed")
        try:
            envelope = ElementTree.fromstring(document)  # noqa: S314  entities are refused above
        except ElementTree.ParseError as error:
            raise SoapFault("INVALID_SOAP", f"Unable to parse the envelope: {error}") from None
        body = envelope.find(f"{{{ENVELOPE}}}Body")
        if envelope.tag != f"{{{ENVELOPE}}}Envelope" or body is None or len(body) != 1:
            raise SoapFault("INVALID_SOAP", "An envelope with one operation in its body is needed")
        self.operation = body[0]
        self.name = local(body[0])
        self._header = envelope.find(f"{{{ENVELOPE}}}Header")

    @property
    def session(self) -> str | None:
        return self.header("SessionHeader", "sessionId")

    def header(self, name: str, part: str) -> str | None:
        for header in self._header if self._header is not None else ():
            if local(header) == name:
                return next((e.text for e in header if local(e) == part), None)
        return None

    def all(self, name: str) -> Iterator[ElementTree.Element]:
        """The parameters of this name."""
        return (e for e in self.operation if local(e) == name)

    def text(self, name: str) -> str:
        return next((e.text or "" for e in self.all(name)), "")


def parts(element: ElementTree.Element) -> dict[str, str | None]:
    """The children of an element by local name; nil is None."""
    return {local(e): None if e.get(_NIL) in ("true", "1") else (e.text or "") for e in element}


def repeated(element: ElementTree.Element, name: str) -> list[str]:
    return [e.text or "" for e in element if local(e) == name]


def response(name: str, results: list[Any] | Any) -> bytes:
    """`<nameResponse><result>…</result>…</nameResponse>` in an envelope; the partner namespace needs no prefix."""
    many = results if isinstance(results, list) else [results]
    inner = "".join(element("result", result) for result in many)
    return _envelope(f"<{name}Response>{inner}</{name}Response>")


def element(name: str, value: Any) -> str:
    """One element: a dict nests, a list repeats, None is nil."""
    if isinstance(value, list):
        return "".join(element(name, each) for each in value)
    if isinstance(value, dict):
        return f"<{name}>{''.join(element(k, v) for k, v in value.items())}</{name}>"
    if value is None:
        return f'<{name} xsi:nil="true"/>'
    if isinstance(value, bool):
        return f"<{name}>{'true' if value else 'false'}</{name}>"
    return f"<{name}>{escape(str(value))}</{name}>"


def fault(refused: SoapFault, kind: str) -> bytes:
    """A fault; its detail is a LoginFault or another of the API's own kinds."""
    code, message = escape(refused.code), escape(refused.message)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<soapenv:Envelope xmlns:soapenv="{ENVELOPE}" xmlns:sf="{FAULT}" xmlns:xsi="{_XSI}"><soapenv:Body>'
        f"<soapenv:Fault><faultcode>sf:{code}</faultcode><faultstring>{code}: {message}</faultstring><detail>"
        f'<sf:{kind} xsi:type="sf:{kind}"><sf:exceptionCode>{code}</sf:exceptionCode>'
        f"<sf:exceptionMessage>{message}</sf:exceptionMessage></sf:{kind}>"
        "</detail></soapenv:Fault></soapenv:Body></soapenv:Envelope>"
    ).encode()


def _envelope(body: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<soapenv:Envelope xmlns:soapenv="{ENVELOPE}" xmlns="{PARTNER}" xmlns:xsi="{_XSI}">'
        f"<soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
    ).encode()
