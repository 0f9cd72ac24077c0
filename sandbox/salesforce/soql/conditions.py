"""Tokens to tree: expressions, values and conditions, and the cursor that walks over the tokens."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from datetime import date, datetime

from sandbox.salesforce.soql.ast import (
    And,
    Call,
    Compare,
    Condition,
    Constant,
    Expr,
    Includes,
    InList,
    InQuery,
    Not,
    Or,
    Path,
    Query,
)
from sandbox.salesforce.soql.dates import COUNTED, PLAIN
from sandbox.salesforce.soql.errors import SoqlError, at, malformed, unexpected
from sandbox.salesforce.soql.tokens import Token, unescape

_COMPARISONS = frozenset(("=", "!=", "<>", "<", "<=", ">", ">=", "LIKE"))
_CURRENCY = re.compile(r"[A-Z]{3}\d+(\.\d+)?")
_RESERVED = frozenset(
    ("SELECT", "FROM", "WHERE", "AND", "OR", "NOT", "LIKE", "IN", "NULL", "LIMIT", "OFFSET", "HAVING", "ASC", "DESC",
     "NULLS", "TRUE", "FALSE", "INCLUDES", "EXCLUDES")
)  # fmt: skip


class Cursor:
    """A place among the tokens."""

    def __init__(self, text: str, tokens: list[Token]) -> None:
        self.text = text
        self._tokens = tokens
        self._at = 0

    @property
    def token(self) -> Token:
        return self._tokens[self._at]

    @property
    def ahead(self) -> Token:
        return self._tokens[min(self._at + 1, len(self._tokens) - 1)]

    def advance(self) -> Token:
        token = self._tokens[self._at]
        if token.kind != "end":
            self._at += 1
        return token

    def accept(self, word: str) -> bool:
        """Step over this keyword or symbol if it stands here."""
        if self.token.upper != word:
            return False
        self.advance()
        return True

    def expect(self, word: str) -> None:
        if not self.accept(word):
            raise self.unexpected(self.token)

    def expect_end(self) -> None:
        if self.token.kind != "end":
            raise self.unexpected(self.token)

    def unexpected(self, token: Token) -> SoqlError:
        """The refusal of a token; what is no query from the start is not shown again."""
        if token.pos == 0:
            return unexpected(token.text)
        return at("MALFORMED_QUERY", self.text, token.pos, f"unexpected token: '{token.text}'")

    def name(self) -> str:
        token = self.token
        if token.kind != "word" or token.upper in _RESERVED:
            raise self.unexpected(token)
        return self.advance().text

    def path(self) -> Path:
        pos = self.token.pos
        return Path(tuple(self.name().split(".")), pos)

    def integer(self) -> int:
        token = self.advance()
        if token.kind != "number" or not token.text.isdigit():
            raise self.unexpected(token)
        return int(token.text)


class ConditionParser(Cursor, ABC):
    @abstractmethod
    def query(self) -> Query:
        """A whole query, for semi-joins."""

    def expr(self) -> Expr:
        """A field, or a function of fields."""
        path = self.path()
        if self.token.text == "(" and len(path.parts) > 1:
            raise self.unexpected(self.token)
        if not self.accept("("):
            return path
        args: list[Path | Call] = []
        if not self.accept(")"):
            args.append(self.expr())
            while self.accept(","):
                args.append(self.expr())
            self.expect(")")
        return Call(path.text, tuple(args), path.pos)

    def condition(self) -> Condition:
        """One NOT, or conditions joined by AND, or by OR: any two of these at once need parentheses."""
        if self.accept("NOT"):
            negated = Not(self._simple())
            self._expect_no_more()
            return negated
        items = [self._simple()]
        word = self.token.upper
        if word not in ("AND", "OR"):
            return items[0]
        while self.accept(word):
            items.append(self._simple())
        self._expect_no_more()
        return And(tuple(items)) if word == "AND" else Or(tuple(items))

    def _expect_no_more(self) -> None:
        if self.token.upper in ("AND", "OR"):
            raise self.unexpected(self.token)

    def _simple(self) -> Condition:
        if self.accept("("):
            inner = self.condition()
            self.expect(")")
            return inner
        return self._comparison()

    def _comparison(self) -> Condition:
        expr = self.expr()
        op = self.token.upper
        if op in _COMPARISONS:
            self.advance()
            op = "!=" if op == "<>" else op
            return Compare(expr, op, self.constant(like=op == "LIKE"))  # type: ignore[arg-type]
        negated = self.accept("NOT")
        if self.accept("IN"):
            return self._in(expr, negated)
        if not negated and op in ("INCLUDES", "EXCLUDES"):
            self.advance()
            return Includes(expr, op == "EXCLUDES", self._constants())
        raise self.unexpected(self.token)

    def _in(self, expr: Expr, negated: bool) -> Condition:
        if self.token.text == "(" and self.ahead.upper == "SELECT":
            self.advance()
            query = self.query()
            self.expect(")")
            return InQuery(expr, negated, query)
        return InList(expr, negated, self._constants())

    def _constants(self) -> tuple[Constant, ...]:
        self.expect("(")
        values = [self.constant()]
        while self.accept(","):
            values.append(self.constant())
        self.expect(")")
        return tuple(values)

    def constant(self, *, like: bool = False) -> Constant:
        token = self.advance()
        match token.kind:
            case "string":
                return Constant("string", unescape(token.text, like=like), token.pos)
            case "number":
                number = float(token.text) if re.search(r"[.eE]", token.text) else int(token.text)
                return Constant("number", number, token.pos)
            case "date":
                return Constant("date", _checked_date(token), token.pos)
            case "datetime":
                return Constant("datetime", _milliseconds(token), token.pos)
            case "word":
                return self._word(token)
        raise self.unexpected(token)

    def _word(self, token: Token) -> Constant:
        word = token.upper
        if word == "NULL":
            return Constant("null", None, token.pos)
        if word in ("TRUE", "FALSE"):
            return Constant("boolean", word == "TRUE", token.pos)
        if word in PLAIN:
            return Constant("relative", word, token.pos)
        if word in COUNTED:
            self.expect(":")
            return Constant("relative", f"{word}:{self.integer()}", token.pos)
        if _CURRENCY.fullmatch(token.text):
            return Constant("currency", token.text, token.pos)
        raise self.unexpected(token)


def _checked_date(token: Token) -> str:
    try:
        date.fromisoformat(token.text)
    except ValueError:
        raise malformed(f"Invalid date: {token.text}") from None
    return token.text


def _milliseconds(token: Token) -> int:
    try:
        moment = datetime.fromisoformat(re.sub(r"\.(\d+)", _three_digits, token.text))
    except ValueError:
        raise malformed(f"Invalid datetime: {token.text}") from None
    return round(moment.timestamp() * 1000)


def _three_digits(match: re.Match[str]) -> str:
    return f".{match.group(1)[:3]:0<3}"
