"""Erasure: delete the record, then remove it from the recycle bin, as far as our user may."""

from __future__ import annotations

from connectors.errors import Misconfigured
from connectors.port import Erasure, Ref
from connectors.salesforce import soap
from connectors.salesforce.answers import Declined
from connectors.salesforce.api import Api
from connectors.salesforce.rows import SYSTEM
from connectors.salesforce.values import is_id, long_id
from connectors.salesforce.verdicts import of_system

_GONE = ("ENTITY_IS_DELETED", "NOT_FOUND", "INVALID_CROSS_REFERENCE_KEY")


def erase(api: Api, object: str, id: str) -> Erasure:
    """Raises what befalls the system."""
    if not is_id(id):
        raise Misconfigured(f"salesforce: an id of {object} has 15 or 18 letters and digits")
    ref = Ref(SYSTEM, object, id)
    done: list[str] = []
    try:
        api.send("DELETE", api.paths.row(object, id))
        done.append(f"Salesforce put the {object} into the recycle bin")
    except Declined as no:
        if no.first.code not in _GONE:
            if no.status == 401 and (error := of_system(no)):
                raise error from None
            return Erasure(ref, api.door.server_now(), gone=False, left=(_not_deleted(object, no),))
    refused = _empty(api, id)
    if refused is None:
        done.append(f"Salesforce removed the {object} from the recycle bin")
    elif refused in _GONE:
        done.append(f"Salesforce has no such {object} in the bin any more")
    else:
        left = (
            f"the {object} stays in the recycle bin for 15 days ({refused}): an administrator can empty it"
            " (App Launcher, Recycle Bin, Org Recycle Bin)"
        )
        return Erasure(ref, api.door.server_now(), gone=False, done=tuple(done), left=(left,))
    return Erasure(ref, api.door.server_now(), gone=True, done=tuple(done))


def _empty(api: Api, id: str) -> str | None:
    """The code of the refusal, or None when it went through."""
    api.ready()
    token = api.door.token
    assert token is not None
    session = token.get(api.door.clock.now_ms())
    answer = api.door.call(
        "POST",
        api.paths.soap_login,
        content=soap.empty_bin_envelope(session, long_id(id)),
        headers=soap.BIN_HEADERS,
    )
    if answer.status_code == 200 and soap.element(answer.text, "success") == "true":
        return None
    code = soap.element(answer.text, "statusCode") or soap.element(answer.text, "exceptionCode")
    return code.removeprefix("sf:") or f"HTTP {answer.status_code}"


def _not_deleted(object: str, no: Declined) -> str:
    if no.status == 403 or no.first.code.startswith("INSUFFICIENT_ACCESS"):
        return (
            f"Salesforce did not let us delete the {object} ({no.first.code}): give the integration user Delete on it"
            " (Setup, Permission Sets, Object Settings), or delete it by hand"
        )
    return f"Salesforce refused to delete the {object} ({no.first.code}): delete it by hand, what depends on it first"
