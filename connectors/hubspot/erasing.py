"""Erasure: HubSpot destroys contacts for good, with their history, and blocks their addresses (privacy guide); every
other object it only puts into the bin, which it empties after 90 days."""

from __future__ import annotations

from connectors.errors import Misconfigured
from connectors.hubspot import rows
from connectors.hubspot.answers import Answer, demand, fault
from connectors.hubspot.api import Api
from connectors.port import Erasure, Ref

_BY_HAND = "HubSpot > the object's list > Actions > Restore records: delete it there for good"


def erase(api: Api, object: str, id: str) -> Erasure:
    """Raises what befalls the system."""
    if not id.isdigit():
        raise Misconfigured(f"hubspot: an id of {object} is a number")
    done: list[str] = []
    left: list[str] = []
    gone = False
    if object == "contacts":
        answer = api.gdpr_delete(id)
        gone = answer.good or _absent(answer)
        if answer.good:
            done.append("HubSpot destroyed the contact with its history, and blocked its e-mail address")
        elif _absent(answer):
            done.append("HubSpot has no such contact any more")
        elif answer.status == 403:
            left.append("HubSpot did not let us destroy the contact: give the app the scope crm.objects.contacts.write")
        else:
            left.append(f"HubSpot refused to destroy the contact: {fault(answer.body, answer.status).code}")
    if not gone:
        binned = api.batch_archive(object, [id])
        if not (binned.good or _absent(binned)):
            demand(binned, f"to delete one of {object}")
        done.append(f"HubSpot put the record of {object} into the bin, which it empties after 90 days")
        left.append(f"the record can be restored until the bin is emptied: {_BY_HAND}")
    return Erasure(Ref(rows.SYSTEM, object, id), api.door.server_now(), gone, tuple(done), tuple(left))


def _absent(answer: Answer) -> bool:
    return answer.status == 404
