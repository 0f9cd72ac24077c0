"""Opting out: HubSpot keeps it behind an API of its own, by e-mail address.

Only withdrawal is ever written, since consent cannot be given on someone's behalf.  Saying it twice does no harm,
so the door may repeat it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from connectors.door import Refused
from connectors.errors import Exhausted, Stop, SyncError
from connectors.hubspot import paths, rows
from connectors.hubspot.answers import Answer, fault
from connectors.hubspot.api import Api
from connectors.hubspot.sending import deferred
from connectors.port import Applied, Outcome, Record, Rejected, Unknown, Write


class Consent:
    """Carries out `@subscriptions = True`."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def withdraw(self, batch: Mapping[int, Write], before: Mapping[str, Record | None]) -> dict[int, Outcome]:
        """For updates, before anything else of them is written.  Returns only what went wrong."""
        outcomes: dict[int, Outcome] = {}
        for place, write in batch.items():
            record = before.get(write.id or "")
            held: Mapping[str, Any] = record.fields if record else {}
            if write.fields.get(rows.SUBSCRIPTIONS) is True and held.get(rows.SUBSCRIPTIONS) is True:
                continue
            if wrong := self._one(write, held.get("email") or write.fields.get("email")):
                outcomes[place] = wrong
        return outcomes

    def as_said(self, write: Write, outcome: Outcome) -> Outcome:
        """The property that shows an opt-out follows the subscriptions a moment later; what was accepted counts."""
        if not isinstance(outcome, Applied) or rows.SUBSCRIPTIONS not in write.fields:
            return outcome
        fields = outcome.record.fields
        if rows.SUBSCRIPTIONS not in fields:
            return outcome
        return Applied(outcome.record._replace(fields={**fields, rows.SUBSCRIPTIONS: True}))

    def after_creation(self, batch: Mapping[int, Write], made: Mapping[int, str]) -> dict[int, Outcome]:
        """The record exists by now, so whatever goes wrong is Unknown: look, then decide again."""
        outcomes: dict[int, Outcome] = {}
        for place in made:
            wanted = batch[place].fields.get(rows.SUBSCRIPTIONS) is True
            if wanted and self._one(batch[place], batch[place].fields.get("email")):
                outcomes[place] = Unknown("created, but not opted out")
        return outcomes

    def _one(self, write: Write, email: Any) -> Outcome | None:
        if rows.SUBSCRIPTIONS not in write.fields:
            return None
        if write.fields[rows.SUBSCRIPTIONS] is not True:
            return Rejected("CONSENT", "only an opt-out can be written", (rows.SUBSCRIPTIONS,))
        if not email:
            return Rejected("NO_EMAIL", "a contact without an e-mail address cannot opt out", (rows.SUBSCRIPTIONS,))
        try:
            answer = self._unsubscribe(str(email))
        except (Refused, Exhausted, Stop) as error:
            return deferred(error)
        except SyncError as error:
            return Unknown(str(error))
        if answer.good:
            return None
        found = fault(answer.body, answer.status)
        return Rejected(found.code, found.message, (rows.SUBSCRIPTIONS,))

    def _unsubscribe(self, email: str) -> Answer:
        """From everything at once; where the account does not offer that, from one type after the other."""
        path = paths.UNSUBSCRIBE_ALL.format(email=quote(email, safe=""))
        answer = self._api.raw("POST", path, params={"channel": "EMAIL"})
        if _gone_already(answer):
            return Answer(200, {})
        if answer.status not in (403, 404):
            return answer
        types = self._api.raw("GET", paths.SUBSCRIPTIONS)
        # Where no type can be left nothing has happened, and the person must not count as opted out.
        kinds = types.body.get("subscriptionDefinitions") or types.body.get("results")
        if not types.good or not kinds:
            return answer
        for kind in kinds:
            wanted = {"emailAddress": email, "subscriptionId": str(kind["id"])}
            answer = self._api.raw("POST", paths.UNSUBSCRIBE, json=wanted)
            if not (answer.good or _gone_already(answer)):
                return answer
        return Answer(200, {})


def _gone_already(answer: Answer) -> bool:
    """Refused because the address has opted out before: the property that shows it may lag behind."""
    return answer.status in (400, 409) and "already" in str(answer.body.get("message", "")).lower()
