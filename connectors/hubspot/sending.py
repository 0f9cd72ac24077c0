"""One batch, told apart.

HubSpot refuses a whole batch for one bad input (400, 409), or answers 207 and names ids or traces.  Whatever it does,
each input ends with a row, a fault of its own, or Unknown.  A refused batch wrote nothing, so its parts may be sent
again; an unanswered one may not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.door import NoAnswer, Refused
from connectors.errors import Exhausted, SyncError
from connectors.hubspot.answers import Answer, Fault, fault, system_error
from connectors.port import Deferred, Outcome, Unknown

_FEW = 10
"""So many suspects are tried one by one; more are halved."""

Input = Mapping[str, Any]


@dataclass(slots=True)
class Sent:
    """What became of the inputs, by place."""

    rows: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    """Written: the row as HubSpot answered it."""
    faults: dict[int, Fault] = field(default_factory=dict)
    """Refused, for a reason of its own."""
    settled: dict[int, Outcome] = field(default_factory=dict)
    """Unknown or deferred."""

    @property
    def begun(self) -> bool:
        """Something may have been written, or an outcome is known that an exception would lose."""
        return bool(self.rows or self.faults or self.settled)


def deferred(error: SyncError) -> Deferred:
    """What an exception becomes when other outcomes must not be lost."""
    return Deferred(str(error), error.until if isinstance(error, Refused | Exhausted) else None)


class Sender:
    """Sends one batch with `call`; `place_of` tells which input a row answers."""

    def __init__(
        self,
        call: Callable[[Sequence[Input]], Answer],
        what: str,
        place_of: Callable[[Mapping[str, Any]], int | None],
    ) -> None:
        self._call = call
        self._what = what
        self._place_of = place_of

    def send(self, inputs: Mapping[int, Input], *, begun: bool = False) -> Sent:
        """Raises what befalls the system, unless outcomes are known already (`begun`): then it defers."""
        sent = Sent()
        if inputs:
            self._go(inputs, sent, begun)
        return sent

    def _go(self, inputs: Mapping[int, Input], sent: Sent, begun: bool) -> None:
        try:
            answer = self._call(list(inputs.values()))
            if not answer.good and answer.status != 404 and (error := system_error(answer, self._what)):
                raise error
        except NoAnswer as lost:
            sent.settled.update({place: Unknown(str(lost)) for place in inputs})
            return
        except SyncError as error:
            if not (begun or sent.begun):
                raise
            sent.settled.update({place: deferred(error) for place in inputs})
            return
        if answer.good:
            self._sort(inputs, answer, sent)
        elif len(inputs) == 1:
            sent.faults[next(iter(inputs))] = fault(answer.body, answer.status)
        else:
            for part in _parts(inputs, fault(answer.body, answer.status)):
                self._go(part, sent, begun)

    def _sort(self, inputs: Mapping[int, Input], answer: Answer, sent: Sent) -> None:
        """Match rows and errors to inputs; order means nothing here."""
        results = [row for row in answer.body.get("results") or [] if isinstance(row, Mapping)]
        open_ = set(inputs)
        for row in results:
            place = next(iter(inputs)) if len(inputs) == 1 == len(results) else self._place_of(row)
            if place in open_:
                sent.rows[place] = row
                open_.discard(place)
        loose = None
        for entry in answer.body.get("errors") or []:
            found = fault(entry, 400)
            blamed = open_ & _blamed(inputs, found)
            sent.faults.update(dict.fromkeys(blamed, found))
            open_ -= blamed
            loose = loose if blamed else found
        if loose is not None and len(open_) == 1:
            sent.faults[open_.pop()] = loose
        sent.settled.update({place: Unknown("the batch was answered without a word on this record") for place in open_})


def _blamed(inputs: Mapping[int, Input], found: Fault) -> set[int]:
    """The inputs a 207 error names, by trace or by id."""
    by_trace = {place for place, input in inputs.items() if input.get("objectWriteTraceId") in found.traces}
    return by_trace | {place for place, input in inputs.items() if input.get("id") in found.ids}


def _parts(inputs: Mapping[int, Input], found: Fault) -> list[dict[int, Input]]:
    """How to send a refused batch again: those that the message seems to mean apart from the rest, else in halves."""
    suspects = _blamed(inputs, found) | {place for place, input in inputs.items() if _meant(input, found)}
    rest = {place: input for place, input in inputs.items() if place not in suspects}
    if not suspects or not rest:
        places = list(inputs)
        middle = len(places) // 2
        return [{place: inputs[place] for place in half} for half in (places[:middle], places[middle:])]
    apart = {place: inputs[place] for place in sorted(suspects)}
    return [rest, *([{place: input} for place, input in apart.items()] if len(apart) <= _FEW else [apart])]


def _meant(input: Input, found: Fault) -> bool:
    properties = input.get("properties") or {}
    return any(properties.get(name) and properties[name] in found.message for name in found.fields)
