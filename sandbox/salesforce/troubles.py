"""The faults in force (`kernel.Fault`), as the Salesforce face suffers them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sandbox.kernel import Fault, Faults
from sandbox.salesforce.dml.writer import Refusal
from sandbox.salesforce.errors import ApiError, RecordError
from sandbox.salesforce.http import Answer

SIDE = "salesforce"
_HTML = b"<html><head><title>Error</title></head><body><h1>Service temporarily unavailable</h1></body></html>"
_CODES = {500: "UNKNOWN_EXCEPTION", 502: "SERVER_UNAVAILABLE", 503: "SERVER_UNAVAILABLE", 504: "SERVER_UNAVAILABLE"}


class Troubles:
    """Asks the kernel's faults at the fixed points of a call."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._call = ""
        self._locked: Fault | None = None

    def begin(self, call: str) -> None:
        """A new request: `METHOD /path?query`."""
        self._call = call
        self._locked = None

    def take(self, *kinds: str) -> Fault | None:
        return self._faults.take(SIDE, self._call, kinds) if self._faults.active else None

    def before(self) -> Answer | None:
        """What answers instead of the platform."""
        fault = self.take("error", "html")
        if fault is None:
            return None
        if fault.kind == "html":
            return Answer(fault.status, _HTML, {"Content-Type": "text/html;charset=UTF-8"})
        code = fault.code or _CODES.get(fault.status, "UNKNOWN_EXCEPTION")
        raise ApiError(fault.status, code, fault.message or "An unexpected error occurred.")

    def for_call(self) -> Refusal | None:
        """What refuses single records in this call: locks (once a call) and standing rejections."""
        if not self._faults.active:
            return None
        if self._locked is None:
            self._locked = self.take("lock")
        rejects = [
            f
            for f in self._faults.active
            if f.kind == "reject" and f.side == SIDE and f.times != 0 and (not f.path or re.search(f.path, self._call))
        ]
        if self._locked is None and not rejects:
            return None
        locked = self._locked

        def refuse(object_name: str, record_id: str | None, values: Mapping[str, Any]) -> None:
            if locked is not None and _matches(locked, values):
                raise RecordError(
                    "UNABLE_TO_LOCK_ROW",
                    f"unable to obtain exclusive access to this record or 1 records: {record_id or object_name}",
                    (),
                )
            for fault in rejects:
                if _matches(fault, values):
                    fault.hits += 1
                    raise RecordError(
                        fault.code or "FIELD_CUSTOM_VALIDATION_EXCEPTION",
                        fault.message or "refused",
                        tuple(fault.match),
                    )

        return refuse


def _matches(fault: Fault, values: Mapping[str, Any]) -> bool:
    return all(re.search(pattern, str(values.get(name) or "")) for name, pattern in fault.match.items())
