"""Tokens to tree: the clauses of a query.  Conditions have their own module."""

from __future__ import annotations

from sandbox.salesforce.soql.ast import (
    Children,
    Condition,
    Expr,
    FieldsOf,
    Item,
    Order,
    Path,
    Query,
    Selected,
    TypeOf,
)
from sandbox.salesforce.soql.conditions import ConditionParser
from sandbox.salesforce.soql.tokens import tokenize

_AFTER_FROM = frozenset(
    ("USING", "WHERE", "WITH", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "FOR", "ALL", "UPDATE")
)
_FIELD_SETS = frozenset(("ALL", "STANDARD", "CUSTOM"))
_FOR = frozenset(("VIEW", "REFERENCE", "UPDATE"))
_UPDATE = frozenset(("TRACKING", "VIEWSTAT"))
_WITH = frozenset(("SECURITY_ENFORCED", "USER_MODE", "SYSTEM_MODE"))


def parse(text: str) -> Query:
    """The tree of a query; SoqlError MALFORMED_QUERY when it is none."""
    parser = Parser(text)
    query = parser.query()
    parser.expect_end()
    return query


class Parser(ConditionParser):
    def __init__(self, text: str) -> None:
        super().__init__(text, tokenize(text))

    def query(self) -> Query:
        self.expect("SELECT")
        items = self._items()
        self.expect("FROM")
        pos = self.token.pos
        name = self.name()
        self.accept("AS")
        alias = None
        if self.token.kind == "word" and self.token.upper not in _AFTER_FROM:
            alias = self.name()
        return self._clauses(items, name, alias, pos)

    def _clauses(self, items: tuple[Item, ...], name: str, alias: str | None, pos: int) -> Query:
        scope = self._scope()
        where = self.condition() if self.accept("WHERE") else None
        options = self._with()
        group_by, having = self._grouping()
        order_by = self._ordering()
        limit = self.integer() if self.accept("LIMIT") else None
        offset = self.integer() if self.accept("OFFSET") else None
        options += self._for()
        all_rows = self.accept("ALL")
        if all_rows:
            self.expect("ROWS")
        return Query(
            items, name, alias, scope, where, group_by, having, order_by, limit, offset, all_rows, options,
            self.text, pos,
        )  # fmt: skip

    def _items(self) -> tuple[Item, ...]:
        items = [self._item()]
        while self.accept(","):
            items.append(self._item())
        return tuple(items)

    def _item(self) -> Item:
        if self.accept("("):
            query = self.query()
            self.expect(")")
            return Children(query)
        if self.token.upper == "TYPEOF" and self.ahead.kind == "word":
            return self._typeof()
        if self.token.upper == "FIELDS" and self.ahead.text == "(":
            return self._fields()
        expr = self.expr()
        alias = None
        if self.token.kind == "word" and self.token.upper != "FROM":
            alias = self.name()
        return Selected(expr, alias)

    def _fields(self) -> FieldsOf:
        pos = self.advance().pos
        self.expect("(")
        kind = self.token.upper
        if kind not in _FIELD_SETS:
            raise self.unexpected(self.token)
        self.advance()
        self.expect(")")
        return FieldsOf(kind, pos)  # type: ignore[arg-type]

    def _typeof(self) -> TypeOf:
        self.advance()
        relation = self.path()
        whens: list[tuple[str, tuple[Path, ...]]] = []
        while self.accept("WHEN"):
            kind = self.name()
            self.expect("THEN")
            whens.append((kind, self._paths()))
        otherwise = self._paths() if self.accept("ELSE") else ()
        if not whens:
            raise self.unexpected(self.token)
        self.expect("END")
        return TypeOf(relation, tuple(whens), otherwise)

    def _paths(self) -> tuple[Path, ...]:
        paths = [self.path()]
        while self.accept(","):
            paths.append(self.path())
        return tuple(paths)

    def _scope(self) -> str | None:
        if not self.accept("USING"):
            return None
        self.expect("SCOPE")
        return self.name()

    def _with(self) -> tuple[str, ...]:
        return (f"WITH {self._one_of(_WITH)}",) if self.accept("WITH") else ()

    def _grouping(self) -> tuple[tuple[Expr, ...], Condition | None]:
        if not self.accept("GROUP"):
            return (), None
        self.expect("BY")
        exprs = [self.expr()]
        while self.accept(","):
            exprs.append(self.expr())
        return tuple(exprs), self.condition() if self.accept("HAVING") else None

    def _ordering(self) -> tuple[Order, ...]:
        if not self.accept("ORDER"):
            return ()
        self.expect("BY")
        orders = [self._order()]
        while self.accept(","):
            orders.append(self._order())
        return tuple(orders)

    def _order(self) -> Order:
        expr = self.expr()
        descending = self.accept("DESC")
        if not descending:
            self.accept("ASC")
        nulls_last = None
        if self.accept("NULLS"):
            nulls_last = self.accept("LAST")
            if not nulls_last:
                self.expect("FIRST")
        return Order(expr, descending, nulls_last)

    def _for(self) -> tuple[str, ...]:
        options: list[str] = []
        while True:
            if self.accept("FOR"):
                options.append(f"FOR {self._one_of(_FOR)}")
            elif self.accept("UPDATE"):
                options.append(f"UPDATE {self._one_of(_UPDATE)}")
            else:
                return tuple(options)

    def _one_of(self, words: frozenset[str]) -> str:
        word = self.token.upper
        if word not in words:
            raise self.unexpected(self.token)
        self.advance()
        return word
