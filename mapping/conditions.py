"""The small language of `only` and `create`: when a rule holds, when a record is created.

    stage >= mql and not shared and country in ("DE", "AT")

Names are fields; `stage` compares by rank with the stages of the vocabulary, named bare or as text.  `always`,
`never` and the flags need no explanation.  Nothing else is allowed, and what is not is refused with its place and
with what would be right.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from mapping.lifecycle import BLANK_RANK, STATUS_RANK
from mapping.values import to_decimal

Condition = Callable[[Mapping[str, Any]], bool]
_Term = Callable[[Mapping[str, Any]], Any]

FLAGS = (
    "shared", "role_address", "disqualified", "has_email", "has_domain", "free_mail", "won", "lost", "type", "lead",
)  # fmt: skip
STAGE = "stage"

_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_ORDER = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)


class ConditionError(ValueError):
    """A condition that cannot be understood: one sentence with the place and what would be right."""


def compile_condition(text: str, fields: Collection[str], stages: Mapping[str, int]) -> Condition:
    """A function of canonical values (and flags).  fields: names that may be used; stages: name → rank.

    Raises ConditionError.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError) as error:
        where = f" at character {error.offset}" if isinstance(error, SyntaxError) and error.offset else ""
        raise ConditionError(
            f"{text!r} is not a condition{where}; write for example: stage >= mql and not shared"
        ) from None
    compiler = _Compiler(text, frozenset(fields) | {STAGE}, stages)
    try:
        term = compiler.truth(tree.body)
    except RecursionError:
        raise ConditionError("the condition is nested too deeply; make it shorter") from None
    return lambda values: bool(term(values))


@dataclass(frozen=True, slots=True)
class _Compiler:
    text: str
    fields: frozenset[str]
    stages: Mapping[str, int]

    def truth(self, node: ast.expr) -> _Term:
        """A term that is asked whether it is so."""
        if isinstance(node, ast.BoolOp):
            terms = [self.truth(value) for value in node.values]
            every = isinstance(node.op, ast.And)
            return lambda values: (all if every else any)(term(values) for term in terms)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            term = self.truth(node.operand)
            return lambda values: not term(values)
        if isinstance(node, ast.Compare):
            return self.comparison(node)
        if isinstance(node, ast.Name) and node.id in ("always", "never"):
            constant = node.id == "always"
            return lambda values: constant
        if isinstance(node, ast.Constant) and not isinstance(node.value, bool):
            raise self.error(node, "a value alone is neither true nor false; compare it with a field")
        return self.term(node)

    def comparison(self, node: ast.Compare) -> _Term:
        operands = [node.left, *node.comparators]
        ranked = any(isinstance(operand, ast.Name) and operand.id == STAGE for operand in operands)
        terms = [self.stage(operand) if ranked else self.term(operand) for operand in operands]
        tests = [self.test(op, ranked) for op in node.ops]

        def check(values: Mapping[str, Any]) -> bool:
            found = [term(values) for term in terms]
            return all(test(a, b) for test, a, b in zip(tests, found, found[1:], strict=False))

        return check

    def test(self, op: ast.cmpop, ranked: bool) -> Callable[[Any, Any], bool]:
        if isinstance(op, ast.In | ast.NotIn):
            wanted = isinstance(op, ast.In)
            return lambda a, b: _contains(b, a) is wanted
        if type(op) not in _COMPARE:
            raise ConditionError(f'{self.text!r}: use ==, !=, <, <=, >, >=, in or not in (no "is")')
        compare, ordered = _COMPARE[type(op)], isinstance(op, _ORDER)

        def run(a: Any, b: Any) -> bool:
            if ranked and ordered and STATUS_RANK in (a, b):
                return False
            a, b = _alike(a, b)
            if ordered and (a is None or b is None or type(a) is not type(b)):
                return False
            return compare(a, b)

        return run

    def term(self, node: ast.expr) -> _Term:
        """A term that is asked for its value."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float | bool):
            value = node.value
            return lambda values: value
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
            number = node.operand.value
            if isinstance(number, int | float):
                return lambda values: -number
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            items = [self.term(item) for item in node.elts]
            return lambda values: [item(values) for item in items]
        if isinstance(node, ast.Name):
            name = node.id
            if name in self.fields or name in FLAGS:
                return lambda values: values.get(name)
            known = ", ".join([*sorted(self.fields), *FLAGS])
            raise self.error(node, f"{name} is no field; known: {known} (text needs quotes)")
        raise self.error(node, "only fields, texts, numbers, comparisons, and, or, not, in are understood")

    def stage(self, node: ast.expr) -> _Term:
        """A term in a comparison of stages: its rank."""
        if isinstance(node, ast.Name) and node.id == STAGE:
            return lambda values: self.rank(values.get(STAGE))
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            items = [self.stage(item) for item in node.elts]
            return lambda values: [item(values) for item in items]
        name = node.id if isinstance(node, ast.Name) else node.value if isinstance(node, ast.Constant) else None
        if name not in self.stages:
            known = ", ".join(self.stages)
            raise self.error(node, f"{ast.unparse(node)} is no stage; the vocabulary has {known or 'no stages'}")
        rank = self.stages[str(name)]
        return lambda values: rank

    def rank(self, name: Any) -> int:
        return (
            BLANK_RANK if name is None else self.stages.get(name, STATUS_RANK) if isinstance(name, str) else STATUS_RANK
        )

    def error(self, node: ast.expr, message: str) -> ConditionError:
        return ConditionError(f"{self.text!r} at character {node.col_offset + 1}: {message}")


def _alike(a: Any, b: Any) -> tuple[Any, Any]:
    """Numbers are compared as numbers, also when one is carried as text."""
    if isinstance(a, bool) or isinstance(b, bool):
        return (bool(a) if a is None else a), (bool(b) if b is None else b)
    if isinstance(a, int | float) or isinstance(b, int | float):
        x, y = to_decimal(a), to_decimal(b)
        return (x, y) if x is not None and y is not None else (a, b)
    return a, b


def _contains(container: Any, item: Any) -> bool:
    if container is None or item is None:
        return False
    if isinstance(container, str):
        return isinstance(item, str) and item in container
    if isinstance(item, list):
        return any(_contains(container, part) for part in item)
    return isinstance(container, list) and any(x == y for x, y in (_alike(item, part) for part in container))
