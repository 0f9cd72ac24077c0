"""The partner SOAP API, for what REST cannot do: login, convertLead, merge, undelete."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.kernel import Caller
from sandbox.salesforce.api.oauth import password_fits
from sandbox.salesforce.api.soap_xml import Request, SoapFault, fault, local, parts, repeated, response
from sandbox.salesforce.dml import removal
from sandbox.salesforce.dml.convert import Conversion, convert
from sandbox.salesforce.dml.merge import merge
from sandbox.salesforce.dml.writer import Writer
from sandbox.salesforce.errors import ApiError, RecordError
from sandbox.salesforce.http import Answer, Call
from sandbox.salesforce.ids import normalise_id
from sandbox.salesforce.platform import Platform
from sandbox.salesforce.schema import datetime_text
from sandbox.salesforce.settings import LAST_SOAP_LOGIN, NEWEST_SERVED, OLDEST_SERVED

MOST_CONVERSIONS = 100
MOST_RECORDS = 200
_XML = {"Content-Type": "text/xml;charset=UTF-8"}

Item = dict[str, Any]
Operation = Callable[[Platform, Call, Request, Writer], Any]


def answer(platform: Platform, call: Call, version: str) -> Answer:
    """`POST /services/Soap/u/NN`."""
    name = ""
    try:
        call.version = _version(version)
        request = Request(call.body)
        name = request.name
        if name == "login":
            return Answer(200, response("login", _login(platform, call, request)), _XML)
        operation = _OPERATIONS.get(name)
        if operation is None:
            raise SoapFault("INVALID_TYPE", f"The operation {name} is not offered")
        writer = _writer(platform, call, request)
        return Answer(200, response(name, operation(platform, call, request, writer)), _XML)
    except SoapFault as refused:
        return Answer(500, fault(refused, "LoginFault" if name == "login" else "UnexpectedErrorFault"), _XML)
    except ApiError as refused:
        return refusal(refused)


def refusal(refused: ApiError) -> Answer:
    """What refuses a call of any kind, as a fault."""
    return Answer(500, fault(SoapFault(refused.code, refused.message), "UnexpectedErrorFault"), _XML)


def _version(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not OLDEST_SERVED <= number <= NEWEST_SERVED:
        raise SoapFault("UNSUPPORTED_API_VERSION", "Invalid Api version specified on URL")
    return number


def _writer(platform: Platform, call: Call, request: Request) -> Writer:
    token = request.session or ""
    if platform.troubles.take("expire") is not None:
        platform.sessions.close(token)
    user_id = platform.sessions.user_of(token)
    if user_id is None:
        raise SoapFault("INVALID_SESSION_ID", "Invalid Session ID found in SessionHeader: Illegal Session")
    call.user_id = user_id
    return Writer(
        Caller("integration", user_id),
        user_id,
        sees=user_id,
        allow_duplicates=request.header("DuplicateRuleHeader", "allowSave") == "true",
        textual=True,
        refuse=platform.troubles.for_call(),
    )


def _login(platform: Platform, call: Call, request: Request) -> Item:
    if call.version > LAST_SOAP_LOGIN:
        raise SoapFault("UNSUPPORTED_API_VERSION", f"login() is not available in API version {call.version:.1f}")
    if not platform.settings.soap_login:
        raise SoapFault("INVALID_OPERATION", "SOAP API login() is disabled by default in this org.")
    user = password_fits(platform, request.text("username"), request.text("password"))
    if user is None:
        raise SoapFault("INVALID_LOGIN", "Invalid username, password, security token; or user locked out.")
    org = platform.org_id[:15]
    address = f"{call.base_url}/services/Soap"
    return {
        "metadataServerUrl": f"{address}/m/{call.version:.1f}/{org}",
        "passwordExpired": False,
        "sandbox": False,
        "serverUrl": f"{address}/u/{call.version:.1f}/{org}",
        "sessionId": platform.sessions.open(user.id),
        "userId": user.id,
        "userInfo": _user_info(platform, user.id),
    }


def _user_info(platform: Platform, user_id: str) -> Item:
    user = platform.store.find("User", user_id)
    values = user.values if user else {}
    return {
        "accessibilityMode": False,
        "currencySymbol": "$",
        "orgDefaultCurrencyIsoCode": "USD",
        "organizationId": platform.org_id,
        "organizationMultiCurrency": False,
        "organizationName": "Acme",
        "profileId": values.get("ProfileId"),
        "roleId": values.get("UserRoleId"),
        "sessionSecondsValid": platform.settings.session_ms // 1000,
        "userDefaultCurrencyIsoCode": None,
        "userEmail": values.get("Email"),
        "userFullName": " ".join(filter(None, (values.get("FirstName"), values.get("LastName")))),
        "userId": user_id,
        "userLanguage": "en_US",
        "userLocale": "en_US",
        "userName": values.get("Username"),
        "userTimeZone": values.get("TimeZoneSidKey", "GMT"),
        "userType": "Standard",
        "userUiSkin": "Theme3",
    }


def _get_user_info(platform: Platform, call: Call, request: Request, writer: Writer) -> Item:
    return _user_info(platform, writer.user_id)


def _timestamp(platform: Platform, call: Call, request: Request, writer: Writer) -> Item:
    return {"timestamp": (datetime_text(platform.now) or "").replace("+0000", "Z")}


def _logout(platform: Platform, call: Call, request: Request, writer: Writer) -> list[Item]:
    platform.sessions.close(request.session or "")
    return []


def _each(platform: Platform, work: Callable[[], Item]) -> Item:
    """One record's result."""
    try:
        return {**platform.store.attempt(work), "success": True}
    except RecordError as refused:
        item = refused.item()
        return {"errors": {k: v for k, v in item.items() if v}, "id": None, "success": False}


def _limit(count: int, most: int) -> None:
    if count > most:
        raise SoapFault("EXCEEDED_MAX_SIZE_REQUEST", f"record limit reached. cannot submit more than {most} records")


def _convert_lead(platform: Platform, call: Call, request: Request, writer: Writer) -> list[Item]:
    wishes = [parts(e) for e in request.all("leadConverts")]
    _limit(len(wishes), MOST_CONVERSIONS)
    call.items = len(wishes)
    return [_each(platform, lambda w=w: dict(convert(platform.engine, _conversion(w), writer))) for w in wishes]  # type: ignore[misc]


def _conversion(wish: dict[str, str | None]) -> Conversion:
    def id_of(name: str) -> str | None:
        given = wish.get(name)
        found = normalise_id(given) if given else None
        if given and found is None:
            raise RecordError("MALFORMED_ID", f"malformed id {given}")
        return found

    status = wish.get("convertedStatus")
    if not status or not wish.get("leadId"):
        raise RecordError("REQUIRED_FIELD_MISSING", "leadId and convertedStatus are required")
    return Conversion(
        lead_id=id_of("leadId") or "",
        converted_status=status,
        account_id=id_of("accountId"),
        contact_id=id_of("contactId"),
        opportunity_id=id_of("opportunityId"),
        opportunity_name=wish.get("opportunityName") or None,
        create_opportunity=wish.get("doNotCreateOpportunity") != "true",
        overwrite_lead_source=wish.get("overwriteLeadSource") == "true",
        owner_id=id_of("ownerId"),
    )


def _merge(platform: Platform, call: Call, request: Request, writer: Writer) -> list[Item]:
    requests = list(request.all("request"))
    _limit(len(requests), MOST_RECORDS)
    return [_each(platform, lambda e=e: _merge_one(platform, e, writer)) for e in requests]  # type: ignore[misc]


def _merge_one(platform: Platform, element: Any, writer: Writer) -> Item:
    master = next((e for e in element if local(e) == "masterRecord"), None)
    if master is None:
        raise RecordError("REQUIRED_FIELD_MISSING", "masterRecord is required")
    values: dict[str, Any] = parts(master)
    name, winner = str(values.pop("type", "")), normalise_id(str(values.pop("Id", "")))
    values.pop("fieldsToNull", None)
    values |= dict.fromkeys(repeated(master, "fieldsToNull"))
    losers = [normalise_id(i) or i for i in repeated(element, "recordToMergeIds")]
    meta = platform.org.find(name)
    if meta is None or winner is None:
        raise RecordError("INVALID_TYPE", f"sObject type '{name}' is not supported.")
    moved = merge(platform.engine, meta.name, winner, values, losers, writer)
    return {"id": winner, "mergedRecordIds": losers, "updatedRelatedIds": moved}


def _by_ids(work: Callable[[Platform, str, str, Writer], None]) -> Operation:
    def operation(platform: Platform, call: Call, request: Request, writer: Writer) -> list[Item]:
        ids = [e.text or "" for e in request.all("ids")]
        _limit(len(ids), MOST_RECORDS)
        call.items = len(ids)

        def one(given: str) -> Item:
            record_id = normalise_id(given)
            name = platform.org.object_of_id(record_id) if record_id else None
            if record_id is None or name is None:
                raise RecordError("MALFORMED_ID", f"malformed id {given}")
            work(platform, name, record_id, writer)
            return {"id": record_id}

        return [_each(platform, lambda i=i: one(i)) for i in ids]  # type: ignore[misc]

    return operation


_OPERATIONS: dict[str, Operation] = {
    "convertLead": _convert_lead,
    "merge": _merge,
    "undelete": _by_ids(lambda p, name, i, writer: removal.undelete(p.engine, name, i, writer)),
    "delete": _by_ids(lambda p, name, i, writer: removal.delete(p.engine, name, i, writer)),
    "emptyRecycleBin": _by_ids(lambda p, name, i, writer: removal.hard_delete(p.engine, name, i, writer)),
    "getUserInfo": _get_user_info,
    "getServerTimestamp": _timestamp,
    "logout": _logout,
}
