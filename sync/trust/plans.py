"""Plans as documents: what would be written, word by word, to be read, approved and carried out later.

A saved plan gives nobody any power: `apply` writes what the rules propose at that moment, and of that only what the
plan shows in the same words.  A line that somebody changed or made up is therefore never carried out.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import orjson

from connectors.errors import Misconfigured
from mapping.rules import is_ours
from state.rows import OperationRow
from sync.trust.dry import DryRun
from sync.trust.estimate import Cost

FORM = 2
"""Of the file; another one is refused."""
_HEAD = b'{"plan": '
_OPERATIONS = b'"operations": [\n'


@dataclass(frozen=True)
class Made:
    """What a plan was made from, and until when it may be carried out.  Times are ms."""

    run: str
    made: int
    expires: int
    full: bool
    """Everything was read again, as a backfill does: carrying it out is muted as one."""
    accounts: Mapping[str, str]
    """Side → which account."""
    rules: Mapping[str, str]
    """Kind → fingerprint of everything that decides."""
    slice: bool = False
    """It is about some records only: what it does not name is left undecided."""


def words(operation: OperationRow) -> bytes:
    """What a write says: the same record, the same fields, the same old and new values.

    Our own fields are left out: they go along with a write, and say nothing that people enter.
    """
    whose = operation.entity if operation.verb == "create" else operation.id
    told = operation.basis.get("fields", {})
    fields = {n: [told.get(n, {}).get("old"), v] for n, v in operation.fields.items() if n[0] != "@"}
    return _digest([operation.kind, operation.system, operation.object, operation.verb, whose, fields])


def words_of(line: Mapping[str, Any]) -> bytes:
    """The same, of a line of a document."""
    object, _, id = line["record"].partition(":")
    whose = line["who"] if line["action"] == "create" else id
    fields = {n: [change["old"], change["new"]] for n, change in line["fields"].items() if n[0] != "@"}
    return _digest([line["object"], line["side"], object, line["action"], whose, fields])


def _digest(said: Any) -> bytes:
    return hashlib.blake2b(orjson.dumps(said, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()


def line_of(operation: OperationRow) -> dict[str, Any]:
    """One write as the contract has it."""
    told = operation.basis.get("fields", {})
    made = operation.verb == "create" or operation.id is None
    return {
        "id": f"{operation.system}:{operation.entity}",
        "object": operation.kind,
        "side": operation.system,
        "action": operation.verb,
        "record": operation.object if made else f"{operation.object}:{operation.id}",
        "who": operation.entity,
        "fields": {name: _change(told.get(name, {}), value) for name, value in operation.fields.items()},
    }


def _change(why: Mapping[str, Any], value: Any) -> dict[str, Any]:
    return {"old": why.get("old"), "new": value, "rule": why.get("rule"), "why": why.get("why")}


def summary(dry: DryRun, cost: Mapping[str, Cost]) -> dict[str, Any]:
    """The counts of a plan: by action, by effect, by field."""
    actions: Counter[str] = Counter()
    fields: Counter[str] = Counter()
    for operation in dry.operations:
        actions[f"{operation.system}.{operation.object}.{operation.verb}"] += 1
        if operation.verb == "update":
            fields.update(f"{operation.system}.{operation.object}.{n}" for n in operation.fields if not is_ours(n))
    return {
        "operations": dict(sorted(actions.items())),
        "effects": {".".join(where): many for where, many in sorted(dry.counts.items())},
        "fields": dict(sorted(fields.items())),
        "cost": {
            side: {"records": c.records, "api_calls": c.calls, "history_calls": c.history, "seconds": c.seconds}
            for side, c in cost.items()
        },
    }


def document(dry: DryRun, held: Iterator[Mapping[str, Any]], told: Mapping[str, Any]) -> Iterator[bytes]:
    """The contract's document of a plan, piece by piece: one write a line.  told: its summary."""
    yield _OPERATIONS
    yield from _lines(line_of(operation) for operation in dry.operations)
    yield b'],\n"held": [\n'
    yield from _lines(held)
    yield b'],\n"summary": ' + orjson.dumps(told)


def _lines(values: Iterator[Mapping[str, Any]]) -> Iterator[bytes]:
    before = b""
    for value in values:
        yield before + orjson.dumps(value, default=str)
        before = b",\n"
    yield b"\n"


def _line(text: bytes) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(text.removesuffix(b"\n").removesuffix(b","))
    return found


def save(path: Path, made: Made, pieces: Iterator[bytes]) -> str:
    """Write a plan to a file, its digest in the last line.  Returns the digest."""
    said = hashlib.blake2b(digest_size=16)
    head = orjson.dumps({"form": FORM, **asdict(made)})
    with path.open("wb") as file:
        for piece in chain((_HEAD, head, b",\n"), pieces, (b",\n",)):
            said.update(piece)
            file.write(piece)
        file.write(b'"digest": "' + said.hexdigest().encode() + b'"}\n')
    return said.hexdigest()


class Saved:
    """A plan in a file.  Raises Misconfigured where the file is no plan, or is not as it was written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.made, self.digest = self._checked()
        except OSError as error:
            raise Misconfigured(f"{path} cannot be read: {error.strerror}.") from None
        except (ValueError, TypeError, KeyError):
            raise Misconfigured(f"{path} is no saved plan; `smarketing plan --out FILE` writes one.") from None

    def _checked(self) -> tuple[Made, str]:
        said = hashlib.blake2b(digest_size=16)
        with self.path.open("rb") as file:
            first = last = file.readline()
            head: dict[str, Any] = orjson.loads(first.removeprefix(_HEAD).removesuffix(b",\n"))
            for line in file:
                said.update(last)
                last = line
        digest = str(orjson.loads(b"{" + last)["digest"])
        if said.hexdigest() != digest:
            raise Misconfigured(f"{self.path} was changed since it was made: make the plan again.")
        if head.pop("form") != FORM:
            raise Misconfigured(f"{self.path} was made by another version: make the plan again.")
        return Made(**head), digest

    def lines(self) -> Iterator[dict[str, Any]]:
        """Its writes, one after the other."""
        return (line for _, line in self.places())

    def places(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Its writes, each with where in the file it stands."""
        with self.path.open("rb") as file:
            at = 0
            for line in file:
                at += len(line)
                if line == _OPERATIONS:
                    break
            for line in file:
                if line.startswith(b"]") or line == b"\n":
                    break
                yield at, _line(line)
                at += len(line)

    def at(self, place: int) -> dict[str, Any]:
        """The write that stands there."""
        with self.path.open("rb") as file:
            file.seek(place)
            return _line(file.readline())
