"""The language of the scenarios: what a line may say, and a clear word where it says something else.

A file holds scenarios, each beginning with `# its title`; more `#` lines explain.  A line begins with given, when,
then or and (which repeats the one before), or is one of the actions `sync`, `sync at once`, `backfill`, `rebuild`,
`retry`; `config` lines change settings.  Values are `name=value`; quote what holds spaces ("a b", with \\n \\r \\t \\u…
and \\" understood), write blank for nothing and (300 letters) for a long text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

Fields = dict[str, str | None]

ACTIONS = ("sync", "sync at once", "backfill", "rebuild", "retry")
WORDS = ("given", "when", "then")

NAME = r"[a-z]+\d?"
SIDE = r"hubspot|salesforce"
ACTIVITY = "call|email|meeting|note|task"
THING = rf"contact|company|deal|{ACTIVITY}"
THINGS = rf"(?:contact|lead|deal|{ACTIVITY})s?|companies|company"
FIELDS = r"(?P<fields>(?:\s+[\w.]+=(?:\"(?:[^\"\\]|\\.)*\"|\([^)]*\)|\S+))*)"
PAIR = re.compile(r"([\w.]+)=(\"(?:[^\"\\]|\\.)*\"|\([^)]*\)|\S+)")
LETTERS = re.compile(r"\((\d+) letters\)")

SENTENCES: dict[str, dict[str, str]] = {
    "given": {
        "clock": rf"(?P<side>{SIDE}) clock is (?P<seconds>\d+) seconds ahead",
        "field": rf"(?P<side>{SIDE}) has a (?P<type>\w+) field (?P<native>\w+)(?: with (?P<options>.+))?",
        "kind": r"(?P<kinds>companies|deals|activities) are synchronised",
        "pipeline": rf"hubspot (?P<have>has a pipeline|has more stages in) (?P<pipeline>\w+) with{FIELDS}",
        "types": r"salesforce has the record types (?P<types>\w+(?: and \w+)*)",
        "currencies": r"salesforce has the currencies (?P<codes>.+)",
        "person": rf"(?P<name>{NAME}) in (?P<where>both|{SIDE})(?: as (?P<kind>{THING}))?{FIELDS}",
        "rule": rf"(?P<side>{SIDE}) rule (?P<rule>\w+)",
        "setting": rf"(?P<side>{SIDE}) setting{FIELDS}",
    },
    "when": {
        "trouble": rf"(?P<side>{SIDE}) trouble (?P<trouble>\w+){FIELDS}",
        "troubles_end": r"troubles end",
        "rule": rf"(?P<side>{SIDE}) rule (?P<rule>\w+)",
        "rules_end": rf"(?P<side>{SIDE}) rules end",
        "setting": rf"(?P<side>{SIDE}) setting{FIELDS}",
        "pass": r"(?P<minutes>\d+) minutes pass",
        "arrive": rf"(?P<side>{SIDE}) (?P<name>{NAME}) arrives(?: as (?P<kind>{THING}))?{FIELDS}",
        "done": rf"(?P<side>{SIDE}) (?P<name>{NAME}) is (?P<deed>deleted|restored|purged)",
        "convert": rf"salesforce (?P<name>{NAME}) is converted(?: into (?P<other>{NAME}))?"
        rf"(?P<deal> with a deal(?: (?P<called>{NAME}))?)?(?: at (?P<firm>{NAME}))?",
        "merge": rf"(?P<side>{SIDE}) (?P<name>{NAME}) is merged into (?P<other>{NAME})",
        "form": rf"hubspot (?P<name>{NAME}) fills in a form",
        "opt_out": rf"hubspot (?P<name>{NAME}) opts (?P<way>out|in)",
        "machine": rf"an integration edits (?P<side>{SIDE}) (?P<name>{NAME}){FIELDS}",
        "employ": rf"(?P<side>{SIDE}) (?P<name>{NAME}) (?:works for|belongs to) (?P<other>{NAME})",
        "part": rf"(?P<side>{SIDE}) (?P<name>{NAME}) (?P<way>involves|no longer involves) (?P<other>{NAME})",
        "edit": rf"(?P<side>{SIDE}) (?P<name>{NAME}){FIELDS}",
    },
    "then": {
        "written": rf"(?P<side>{SIDE}) was written (?P<count>\d+) times?",
        "counted": rf"(?P<side>{SIDE}) has (?P<count>\d+) (?P<object>{THINGS})",
        "absent": rf"(?P<name>{NAME}) is not in (?P<side>{SIDE})",
        "present": rf"(?P<name>{NAME}) is in (?P<side>{SIDE})(?: as (?P<kind>lead|contact|{ACTIVITY}|event))?",
        "nothing_held": r"nothing is held",
        "held": rf"(?P<name>{NAME}) is held by (?P<code>\w+)(?: on (?P<field>\w+))?",
        "lost": rf"journal (?P<name>{NAME}) (?P<field>\w+) lost (?P<value>\"[^\"]*\"|\S+), (?P<reason>.+)",
        "journal": rf"journal (?P<name>{NAME}) (?P<field>@?\w+) says (?P<reason>.+)",
        "conflicts": r"(?P<count>\d+) conflicts?",
        "duplicate": rf"(?P<name>{NAME}) is a duplicate of (?P<other>{NAME})",
        "names": rf"(?P<side>{SIDE}) (?P<name>{NAME}) names (?P<other>{NAME}) as its primary record",
        "shared": rf"(?P<name>{NAME}) is set aside as a shared mailbox",
        "one": rf"(?P<name>{NAME}) and (?P<other>{NAME}) are one(?: person| company| deal| activity)",
        "two": rf"(?P<name>{NAME}) and (?P<other>{NAME}) are two(?: people| companies| deals)",
        "asked": r"somebody is asked (?P<question>\w+)",
        "not_asked": r"nobody is asked (?P<question>\w+)",
        "advised": rf"merging (?P<side>{SIDE}) (?P<name>{NAME}) into (?P<other>{NAME}) is advised(?:, with{FIELDS})?",
        "status": r"the run is (?P<status>done|partial|paused)",
        "never": rf"(?P<side>{SIDE}) (?P<name>{NAME}) was never written (?P<field>\w+)",
        "employed": rf"(?P<side>{SIDE}) (?P<name>{NAME}) (?:works for|belongs to) (?P<other>{NAME})",
        "parts": rf"(?P<side>{SIDE}) (?P<name>{NAME}) involves (?P<names>{NAME}(?: and {NAME})*)",
        "holds": rf"(?P<side>{SIDE}) (?P<name>{NAME}){FIELDS}",
    },
}
SPACES = re.compile(r"\"(?:[^\"\\]|\\.)*\"|\s+")
AT = re.compile(r"\s+at (\d\d):(\d\d)$")


class ScenarioError(Exception):
    """A line that cannot be understood, or does not hold: file, line number, the line, and what is wrong."""

    def __init__(self, line: Line, problem: str) -> None:
        super().__init__(f"{line.where}: {line.text}\n    {problem}")


@dataclass(frozen=True)
class Line:
    """One line, not yet understood."""

    where: str
    text: str
    word: str
    """given, when, then, config, or empty for an action."""
    rest: str


@dataclass(frozen=True)
class Step:
    """One line, understood."""

    line: Line
    kind: str
    told: dict[str, str | None]
    fields: Fields
    at: tuple[int, int] | None = None
    """Hour and minute."""


@dataclass(frozen=True)
class Scenario:
    """A story with a title."""

    title: str
    steps: tuple[Step, ...]


def read(path: Path) -> list[Scenario]:
    """The scenarios of a file.  Raises ScenarioError."""
    scenarios: list[Scenario] = []
    title, lines, word = "", list[Line](), ""
    for number, text in enumerate([*path.read_text(encoding="utf-8").splitlines(), "# end"], 1):
        text = SPACES.sub(lambda found: found[0] if found[0].startswith('"') else " ", text.strip())
        if text.startswith("#"):
            if lines or text == "# end":
                scenarios += [Scenario(title, tuple(understand(line) for line in lines))] if lines else []
                title, lines, word = "", [], ""
            title = title or text.lstrip("# ")
        elif text:
            line = _line(f"{path.name}:{number}", text, word)
            word = line.word if line.word in WORDS else word
            if not title:
                raise ScenarioError(line, "A scenario begins with `# its title`.")
            lines.append(line)
    return scenarios


def _line(where: str, text: str, before: str) -> Line:
    first, _, rest = text.partition(" ")
    word = before if first == "and" else first
    if text in ACTIONS:
        return Line(where, text, "", text)
    line = Line(where, text, word, rest.strip())
    if first == "and" and not before:
        raise ScenarioError(line, "`and` continues given, when or then, and nothing of these came before.")
    if word not in (*WORDS, "config"):
        known = ", ".join([*WORDS, "and", "config", *ACTIONS])
        raise ScenarioError(line, f"A line begins with one of: {known}.")
    return line


def understand(line: Line) -> Step:
    """What the line says.  Raises ScenarioError with what may be said."""
    if not line.word:
        return Step(line, "action", {"action": line.rest}, {})
    if line.word == "config":
        place, _, rest = line.rest.partition(" ")
        fields = dict(_pairs(line, rest))
        if not fields or "=" in place:
            raise ScenarioError(line, "Write: config phone winner=crm, or: config person.create salesforce=always.")
        return Step(line, "config", {"place": place}, fields)
    at = AT.search(line.rest)
    said = line.rest[: at.start()] if at else line.rest
    for kind, pattern in SENTENCES[line.word].items():
        if found := re.fullmatch(pattern, said):
            told = found.groupdict()
            fields = dict(_pairs(line, told.pop("fields", "") or ""))
            return Step(line, kind, told, fields, (int(at[1]), int(at[2])) if at else None)
    known = "".join(f"\n      {line.word} {readable(pattern)}" for pattern in SENTENCES[line.word].values())
    raise ScenarioError(line, f"This is not understood. After `{line.word}` there may be:{known}")


def readable(pattern: str) -> str:
    """A sentence's pattern as a person would write it."""
    pattern = pattern.replace(FIELDS, " [field=value …]").replace(NAME, "NAME")
    pattern = re.sub(r"\(\?P<\w+>([^()]*)\)", r"\1", pattern)
    pattern = re.sub(r"\(\?:([^()]*)\)\?", r"[\1]", pattern)
    return pattern.replace(SIDE, "SIDE").replace(r"\d+", "N").replace(r"\w+", "…").replace("s?", "s").strip()


def _pairs(line: Line, text: str) -> Iterator[tuple[str, str | None]]:
    for name, raw in PAIR.findall(text):
        yield name, value(line, raw)


def value(line: Line, raw: str) -> str | None:
    """The value that is meant."""
    if raw == "blank":
        return None
    if raw.startswith('"'):
        try:
            return str(json.loads(raw))
        except json.JSONDecodeError:
            raise ScenarioError(line, f"{raw} is not a text in quotes.") from None
    if letters := LETTERS.fullmatch(raw):
        count = int(letters[1])
        text = ("abcdefghi " * (count // 10 + 1))[:count]
        return text if not text.endswith(" ") else text[:-1] + "x"
    return raw
