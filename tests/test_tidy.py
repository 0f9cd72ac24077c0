"""The house stays tidy: who may import whom, how big things are, and where time and chance come from.

These rules are drawn in docs/architecture.md.  A failure names the file and what is wrong with it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("connectors", "mapping", "state", "insight", "sync", "sandbox")
LONGEST_FILE = 500
LONGEST_FUNCTION = 70

MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "connectors": (),
    "mapping": ("connectors.port",),
    "state": ("mapping", "connectors.port", "connectors.errors"),
    "insight": ("state", "mapping", "connectors.port"),
    "sync": (
        "insight",
        "state",
        "mapping",
        "connectors",
        "connectors.door",
        "connectors.port",
        "connectors.furniture",
        "connectors.errors",
    ),
    "sandbox": (),
}
"""Package → what it may import beside itself.  A package name stands for its modules too, except `connectors`: its
systems are reached through its face, never directly.  main.py may import everything."""

FACES = ("connectors",)
"""Packages of which only the named modules are open to others."""

PURE = (
    "mapping", "sync.merge", "sync.match", "sync.plan", "sync.decide.creating", "sync.decide.decision",
    "sync.decide.consent", "sync.decide.counts", "sync.decide.deleting", "sync.decide.staging", "sync.decide.telling",
    "sync.trust.guard", "sync.trust.refusal", "sync.trust.catalogue", "sync.setup.hints",
    "insight.touches", "insight.score",
)  # fmt: skip
"""These compute and do nothing else: whatever they import, directly or not, is on the list below."""

HARMLESS = frozenset(
    {
        "__future__", "ast", "bisect", "collections", "copy", "dataclasses", "datetime", "decimal", "email_validator",
        "enum", "functools", "hashlib", "heapq", "html", "idna", "itertools", "json", "math", "numpy", "operator",
        "phonenumbers", "publicsuffixlist", "rapidfuzz", "re", "typing", "unicodedata", "zoneinfo",
    }
)  # fmt: skip
"""Modules without files, network, processes, clock or chance (of datetime only the types are used: see below; the table
of time zones that zoneinfo looks up is part of Python's environment)."""

TIME_AND_CHANCE = {
    "time": frozenset({"*"}),
    "random": frozenset({"*"}),
    "secrets": frozenset({"*"}),
    "uuid": frozenset({"uuid1", "uuid4", "uuid6", "uuid7"}),
    "os": frozenset({"urandom", "getrandom", "times"}),
}
"""Module → what of it reads a clock, waits or throws dice ("*": everything but the class Random, which is seeded)."""

NOW = frozenset({"now", "utcnow", "today"})
"""Methods of datetime and date that read the clock."""


def _files(*packages: str) -> list[Path]:
    return [
        path
        for package in packages
        for path in sorted((ROOT / package).rglob("*.py"))
        if "__pycache__" not in path.parts
    ]


PRODUCT = [*_files(*PACKAGES), ROOT / "main.py"]
EVERYTHING = [*PRODUCT, *_files("tests", "benchmarks")]


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {_module(path): path for path in PRODUCT}


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _imported(node: ast.stmt) -> Iterator[str]:
    """Modules that one statement imports; `from package import module` names the module."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"line {node.lineno}: imports are absolute here"
        base = node.module or ""
        for alias in node.names:
            full = f"{base}.{alias.name}"
            yield full if full in MODULES else base


def _imports(path: Path) -> set[str]:
    """Everything that the file imports anywhere, for types too."""
    return {name for node in ast.walk(_tree(path)) if isinstance(node, ast.stmt) for name in _imported(node)}


@cache
def _imports_at_once(path: Path) -> frozenset[str]:
    """What is imported when the module is: not inside functions, not for type checkers alone."""

    def at(body: list[ast.stmt]) -> Iterator[str]:
        for node in body:
            yield from _imported(node)
            if isinstance(node, ast.If) and "TYPE_CHECKING" not in ast.unparse(node.test):
                yield from at([*node.body, *node.orelse])
            elif isinstance(node, ast.Try):
                yield from at([*node.body, *(n for h in node.handlers for n in h.body), *node.orelse])

    return frozenset(at(_tree(path).body))


def _is_ours(module: str) -> bool:
    return module.split(".")[0] in (*PACKAGES, "main")


def _allowed(package: str, module: str) -> bool:
    if module.split(".")[0] == package:
        return True
    return any(module == name or (name not in FACES and module.startswith(f"{name}.")) for name in MAY_IMPORT[package])


# -- who imports whom --------------------------------------------------------------------------------------------------


def test_packages_import_one_way() -> None:
    wrong = [
        f"{_module(path)} imports {module}"
        for path in _files(*PACKAGES)
        for module in sorted(_imports(path))
        if _is_ours(module) and not _allowed(_module(path).split(".")[0], module)
    ]
    assert not wrong


def test_the_two_connectors_do_not_know_each_other() -> None:
    for one, other in (("hubspot", "salesforce"), ("salesforce", "hubspot")):
        wrong = [
            f"{_module(path)} imports {module}"
            for path in _files(f"connectors/{one}")
            for module in _imports(path)
            if module.startswith(f"connectors.{other}")
        ]
        assert not wrong


def test_no_module_imports_itself_by_a_detour() -> None:
    graph = {name: {m for m in _imports_at_once(path) if m in MODULES} for name, path in MODULES.items()}
    done: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, " → ".join((*way[way.index(name) :], name))
        if name not in done:
            for other in sorted(graph[name] - {name}):
                visit(other, (*way, name))
            done.add(name)

    for name in sorted(graph):
        visit(name, ())


def test_the_middle_is_pure() -> None:
    pure = [name for name in MODULES if any(name == p or name.startswith(f"{p}.") for p in PURE)]
    assert len(pure) > 10
    for start in pure:
        seen: set[str] = set()
        open_ = [start]
        while open_:
            module = open_.pop()
            if module in seen:
                continue
            seen.add(module)
            for other in _imports_at_once(MODULES[module]):
                if other in MODULES:
                    open_.append(other)
                else:
                    assert other.split(".")[0] in HARMLESS, f"{start} is to be pure, but {module} imports {other}"


# -- sizes -------------------------------------------------------------------------------------------------------------


def test_files_are_short() -> None:
    sizes = {_module(path): len(path.read_text(encoding="utf-8").splitlines()) for path in EVERYTHING}
    long = {name: size for name, size in sizes.items() if size > LONGEST_FILE}
    assert not long, f"more than {LONGEST_FILE} lines: make each a folder of smaller modules"


def test_functions_are_short() -> None:
    long = [
        f"{_module(path)}.{node.name} has {size} lines"
        for path in EVERYTHING
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (size := (node.end_lineno or node.lineno) - node.lineno + 1) > LONGEST_FUNCTION
    ]
    assert not long


# -- time and chance ---------------------------------------------------------------------------------------------------


def _clocks_and_dice(path: Path) -> Iterator[str]:
    modules: dict[str, str] = {}
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            modules |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            wanted = TIME_AND_CHANCE.get(node.module or "", frozenset())
            for alias in node.names:
                if alias.name in wanted or ("*" in wanted and alias.name != "Random"):
                    yield f"{_module(path)}:{node.lineno} takes {alias.name} from {node.module}"
    for node in ast.walk(_tree(path)):
        if not isinstance(node, ast.Attribute):
            continue
        owner = ast.unparse(node.value)
        wanted = TIME_AND_CHANCE.get(modules.get(owner, ""), frozenset())
        if node.attr in wanted or ("*" in wanted and node.attr != "Random"):
            yield f"{_module(path)}:{node.lineno} uses {owner}.{node.attr}"
        if node.attr in NOW and owner.split(".")[-1] in ("datetime", "date"):
            yield f"{_module(path)}:{node.lineno} uses {owner}.{node.attr}"


def test_time_and_chance_enter_through_main_alone() -> None:
    found = [line for path in PRODUCT if path.name != "main.py" for line in _clocks_and_dice(path)]
    assert not found, "inject a clock or a random.Random instead"


def test_random_generators_are_seeded() -> None:
    unseeded = [
        f"{_module(path)}:{node.lineno}"
        for path in EVERYTHING
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in ("random.Random", "Random")
        and not (node.args or node.keywords)
    ]
    assert not unseeded


def test_tests_do_not_sleep() -> None:
    found = [
        f"{_module(path)}:{node.lineno}"
        for path in _files("tests")
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "time.sleep"
    ]
    assert not found


# -- words -------------------------------------------------------------------------------------------------------------


def test_every_module_says_why_it_exists() -> None:
    silent = [
        _module(path)
        for path in PRODUCT
        if path.read_text(encoding="utf-8").strip() and not ast.get_docstring(_tree(path))
    ]
    assert not silent


def test_public_classes_and_functions_are_explained() -> None:
    """The sandbox explains itself module by module: most of its functions are addresses of the platforms."""
    silent = [
        f"{_module(path)}.{node.name}"
        for path in PRODUCT
        if path.relative_to(ROOT).parts[0] != "sandbox" and "versions" not in path.parts
        for node in _tree(path).body
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert not silent


def test_nothing_names_the_place_where_it_was_written() -> None:
    place = re.compile(r"(?<![\w.:-])/(?:wo" + r"rk|ho" + r"me/\w+|Users/\w+)/|\.\./sha" + r"red/")
    texts = [*EVERYTHING, *ROOT.glob("*.md"), *ROOT.glob("*.toml"), *(ROOT / "docs").rglob("*.md"), ROOT / "Makefile"]
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in texts
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if place.search(line)
    ]
    assert not found
