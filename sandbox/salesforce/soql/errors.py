"""What SOQL refuses, with the platform's codes and texts."""

from __future__ import annotations

_BEFORE = 40
_AFTER = 30


class SoqlError(Exception):
    """A query the platform refuses: HTTP 400 with this errorCode and message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


def malformed(message: str) -> SoqlError:
    return SoqlError("MALFORMED_QUERY", message)


def unexpected(token: str) -> SoqlError:
    return malformed(f"unexpected token: '{token}'")


def at(code: str, text: str, pos: int, message: str) -> SoqlError:
    """An error that points at a place: a window of the query, a caret below it, row and column, then the message."""
    row = text.count("\n", 0, pos) + 1
    start = text.rfind("\n", 0, pos) + 1
    end = text.find("\n", pos)
    line = text[start : end if end >= 0 else len(text)]
    column = pos - start
    left = max(0, column - _BEFORE)
    window = line[left : column + _AFTER]
    caret = " " * (column - left) + "^"
    return SoqlError(code, f"\n{window}\n{caret}\nERROR at Row:{row}:Column:{column + 1}\n{message}")


_CONSULT = "Please reference your WSDL or the describe call for the appropriate names."


def _append(suffix: str, kind: str, after: str) -> str:
    wish = f"If you are attempting to use a custom {kind}, be sure to append the '{suffix}' after the {after} name."
    return f"{wish} {_CONSULT}"


def no_such_column(text: str, pos: int, column: str, entity: str) -> SoqlError:
    advice = _append("__c", "field", "custom field")
    return at("INVALID_FIELD", text, pos, f"No such column '{column}' on entity '{entity}'. {advice}")


def no_such_relation(text: str, pos: int, relation: str) -> SoqlError:
    """In a field path, or as the object of a subquery in SELECT."""
    advice = _append("__r", "relationship", "custom relationship")
    return at("INVALID_FIELD", text, pos, f"Didn't understand relationship '{relation}' in field path. {advice}")


def no_such_object(text: str, pos: int, name: str) -> SoqlError:
    advice = _append("__c", "object", "entity")
    return at("INVALID_TYPE", text, pos, f"sObject type '{name}' is not supported. {advice}")
