"""Opportunity and what hangs on it, and the histories of tracked fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.kernel import Row
from sandbox.salesforce.schema import picklists as p
from sandbox.salesforce.schema.build import (
    day,
    fixed,
    flag,
    long_text,
    make,
    moment,
    money,
    number,
    once,
    percent,
    pick,
    read_only,
    ref,
    text,
    thing,
    whole,
)
from sandbox.salesforce.schema.model import FieldMeta, ObjectMeta

_STAGES = {s.value: s for s in p.STAGES}


def sales() -> list[ObjectMeta]:
    return [
        _opportunity(),
        _contact_role(),
        _opportunity_history(),
        _field_history("Lead", "017"),
        _field_history("Contact", "017"),
        _field_history("Account", "017"),
        _field_history("Opportunity", "017", name="OpportunityFieldHistory"),
        _lead_status(),
        _opportunity_stage(),
    ]


def of_stage(attribute: str) -> Callable[[Row], Any]:
    """What the row's stage says: probability, forecast, closed or won."""

    def derive(row: Row) -> Any:
        stage = _STAGES.get(row.values.get("StageName") or "")
        return getattr(stage, attribute) if stage else False if attribute in ("closed", "won") else None

    return derive


def _quarter(row: Row) -> int | None:
    date = row.values.get("CloseDate")
    return (int(date[5:7]) + 2) // 3 if date else None


def _year(row: Row) -> int | None:
    date = row.values.get("CloseDate")
    return int(date[:4]) if date else None


def _fiscal(row: Row) -> str | None:
    return f"{_year(row)} {_quarter(row)}" if row.values.get("CloseDate") else None


def _expected(row: Row) -> float | None:
    values = row.values
    amount, chance = values.get("Amount"), values.get("Probability")
    chance = of_stage("probability")(row) if chance is None else chance
    return None if amount is None or chance is None else round(amount * chance / 100, 2)


def _opportunity() -> ObjectMeta:
    return thing(
        "Opportunity",
        "006",
        [
            ref("AccountId", "Account", children="Opportunities"),
            fixed(flag("IsPrivate", label="Private")),
            text("Name", 120, nillable=False, name_field=True),
            long_text("Description"),
            pick("StageName", [s.value for s in p.STAGES], nillable=False, label="Stage"),
            money("Amount"),
            percent("Probability", derive=of_stage("probability"), label="Probability (%)", defaulted_on_create=True),
            fixed(money("ExpectedRevenue", label="Expected Amount", derive=_expected)),
            number("TotalOpportunityQuantity", 18, 2, label="Quantity"),
            day("CloseDate", nillable=False),
            pick("Type", p.OPPORTUNITY_TYPES, label="Opportunity Type"),
            text("NextStep", 255),
            pick("LeadSource", p.LEAD_SOURCES),
            fixed(flag("IsClosed", label="Closed", derive=of_stage("closed"))),
            fixed(flag("IsWon", label="Won", derive=of_stage("won"))),
            fixed(pick("ForecastCategory", p.FORECASTS, restricted=True, length=40, derive=of_stage("forecast"))),
            pick("ForecastCategoryName", p.FORECASTS, length=255, label="Forecast Category",
                 derive=of_stage("forecast"), defaulted_on_create=True),
            ref("CampaignId", "Campaign", children="Opportunities"),
            fixed(flag("HasOpportunityLineItem", label="Has Line Item")),
            ref("OwnerId", "User", nillable=False, defaulted_on_create=True),
            fixed(day("LastActivityDate", label="Last Activity")),
            fixed(whole("PushCount")),
            fixed(moment("LastStageChangeDate")),
            fixed(whole("FiscalQuarter", derive=_quarter)),
            fixed(whole("FiscalYear", derive=_year)),
            fixed(text("Fiscal", 6, label="Fiscal Period", derive=_fiscal)),
            once(ref("ContactId", "Contact")),
            fixed(moment("LastViewedDate")),
            fixed(moment("LastReferencedDate")),
            fixed(flag("HasOpenActivity")),
            fixed(flag("HasOverdueTask")),
        ],
    )  # fmt: skip


def _contact_role() -> ObjectMeta:
    return thing(
        "OpportunityContactRole",
        "00K",
        [
            once(ref("OpportunityId", "Opportunity", children="OpportunityContactRoles", nillable=False,
                     cascade_delete=True)),
            ref("ContactId", "Contact", children="OpportunityContactRoles", nillable=False),
            pick("Role", p.CONTACT_ROLES, length=40),
            flag("IsPrimary", label="Primary"),
        ],
        undeletable=False,
    )  # fmt: skip


def _by_whom() -> list[FieldMeta]:
    return [
        ref("CreatedById", "User", nillable=False),
        moment("CreatedDate", nillable=False),
        fixed(flag("IsDeleted", label="Deleted")),
    ]


def _opportunity_history() -> ObjectMeta:
    return read_only(
        "OpportunityHistory",
        "008",
        [
            ref("OpportunityId", "Opportunity", children="OpportunityHistories", nillable=False),
            *_by_whom(),
            pick("StageName", [s.value for s in p.STAGES]),
            money("Amount"),
            money("ExpectedRevenue"),
            day("CloseDate"),
            percent("Probability"),
            pick("ForecastCategory", p.FORECASTS, length=40),
            money("PrevAmount"),
            day("PrevCloseDate"),
            moment("SystemModstamp", nillable=False),
        ],
        audited=False,
        plural="Opportunity Histories",
    )


def _field_history(parent: str, prefix: str, name: str = "") -> ObjectMeta:
    return read_only(
        name or f"{parent}History",
        prefix,
        [
            fixed(flag("IsDeleted", label="Deleted")),
            ref(f"{parent}Id", parent, children="FieldHistories" if name else "Histories", nillable=False),
            ref("CreatedById", "User", nillable=False),
            moment("CreatedDate", nillable=False),
            pick("Field", (), nillable=False, label="Changed Field"),
            pick("DataType", ("Text", "DateOnly", "DateTime", "EntityId", "Boolean", "Double", "DynamicEnum")),
            make("OldValue", "anyType", filterable=False, sortable=False, groupable=False),
            make("NewValue", "anyType", filterable=False, sortable=False, groupable=False),
        ],
        audited=False,
        plural=f"{parent} Histories",
    )


def _status_fields() -> list[FieldMeta]:
    return [text("MasterLabel", 255, name_field=True), text("ApiName", 255), whole("SortOrder")]


def _lead_status() -> ObjectMeta:
    fields = [*_status_fields(), flag("IsDefault"), flag("IsConverted")]
    return read_only("LeadStatus", "01J", fields, plural="Lead Status Value")


def _opportunity_stage() -> ObjectMeta:
    return read_only(
        "OpportunityStage",
        "01J",
        [
            *_status_fields(),
            flag("IsActive", True),
            flag("IsClosed"),
            flag("IsWon"),
            pick("ForecastCategory", p.FORECASTS, length=40),
            pick("ForecastCategoryName", p.FORECASTS),
            percent("DefaultProbability"),
            text("Description", 255),
        ],
    )
