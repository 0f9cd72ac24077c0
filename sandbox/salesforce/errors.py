"""How the platform says no: to a whole call, or to one record of it."""

from __future__ import annotations

from typing import Any

_STATUS_OF_CODE = {
    "ENTITY_IS_DELETED": 404,
    "NOT_FOUND": 404,
    "INSUFFICIENT_ACCESS_OR_READONLY": 403,
}


class ApiError(Exception):
    """The whole call is refused: HTTP `status` and `[{"message", "errorCode", "fields"?}]`."""

    def __init__(
        self, status: int, code: str, message: str, fields: tuple[str, ...] | None = None, **extra: Any
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        self.fields = fields
        self.extra = extra

    def body(self) -> list[dict[str, Any]]:
        error: dict[str, Any] = dict(self.extra)
        error["message"] = self.message
        error["errorCode"] = self.code
        if self.fields is not None:
            error["fields"] = list(self.fields)
        return [error]


class RecordError(Exception):
    """One record is refused; the call decides what becomes of the others."""

    def __init__(self, code: str, message: str, fields: tuple[str, ...] = (), **extra: Any) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.fields = fields
        self.extra = extra

    def alone(self) -> ApiError:
        """As the answer to a call about this record only."""
        if self.extra:
            return ApiError(400, self.code, self.message, None, **self.extra)
        return ApiError(_STATUS_OF_CODE.get(self.code, 400), self.code, self.message, self.fields)

    def item(self) -> dict[str, Any]:
        """As an entry of `errors` in collections, trees and SOAP, where the code is called `statusCode`."""
        return {"statusCode": self.code, "message": self.message, "fields": list(self.fields)}

    def line(self) -> str:
        """As `sf__Error` in the results of a bulk job."""
        return f"{self.code}:{self.message}:{','.join(self.fields)}--"
