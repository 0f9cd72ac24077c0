"""Text to tokens.

A dotted name is one token, and so is a date: the parser never puts pieces together.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from sandbox.salesforce.soql.errors import at, malformed

MAX_LENGTH = 100_000

_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<string>'(?:[^'\\]|\\.)*')
  | (?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
  | (?P<date>\d{4}-\d\d-\d\d(?![\dT]))
  | (?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w]))
  | (?P<word>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)
  | (?P<symbol>!=|<>|<=|>=|[=<>(),:])
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_WORDLIKE = re.compile(r"[^\s,()]+")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_PLAIN = {
    "n": "\n", "N": "\n", "r": "\r", "R": "\r", "t": "\t", "T": "\t", "b": "\b", "B": "\b", "f": "\f", "F": "\f",
    '"': '"', "'": "'", "\\": "\\",
}  # fmt: skip


class Token(NamedTuple):
    kind: str
    """string, datetime, date, number, word, symbol or end."""
    text: str
    pos: int

    @property
    def upper(self) -> str:
        return self.text.upper() if self.kind in ("word", "symbol") else ""


def tokenize(text: str) -> list[Token]:
    """The tokens of a query, closed by one of kind `end`."""
    if not text.strip():
        raise malformed("SOQL statements cannot be empty or null")
    if len(text) > MAX_LENGTH:
        raise malformed(f"SOQL statements cannot be longer than {MAX_LENGTH} characters.")
    tokens: list[Token] = []
    pos = 0
    while pos < len(text):
        match = _TOKEN.match(text, pos)
        if match is None:
            raise _stray(text, pos)
        if match.lastgroup != "space":
            tokens.append(Token(match.lastgroup or "", match.group(), pos))
        pos = match.end()
    tokens.append(Token("end", "<EOF>", len(text)))
    return tokens


def unescape(literal: str, *, like: bool) -> str:
    r"""The value of a quoted string (SOQL reference, Quoted String Escape Sequences).

    A pattern of LIKE keeps `\\`, `\_` and `\%`, so that the wildcards stay apart from the characters.
    """
    body = literal[1:-1]
    if "\\" not in body:
        return body

    def one(match: re.Match[str]) -> str:
        code = match.group(1)
        if like and code in ("_", "%", "\\"):
            return match.group()
        if len(code) > 1:
            return chr(int(code[1:], 16))
        if code not in _PLAIN:
            raise malformed(
                f"Invalid string literal {literal}. Illegal character sequence '\\{code}' in string literal."
            )
        return _PLAIN[code]

    return _ESCAPE.sub(one, body)


def _stray(text: str, pos: int) -> Exception:
    if text[pos] == "'":
        return malformed(f"line 1:{len(text)} mismatched character '<EOF>' expecting '''")
    word = _WORDLIKE.match(text, pos) if text[pos].isdigit() else None
    return at("MALFORMED_QUERY", text, pos, f"unexpected token: '{word.group() if word else text[pos]}'")
