"""The sections of the other kinds beside people, with the fields that are synchronised by default."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, field_validator

from sync.settings.fields import SIDES, FieldSettings, OwnValues, Section, Side, mapped, own_sides


def _address_part(account: str, hubspot: str) -> FieldSettings:
    return mapped(hubspot, f"Billing{account}", tie="crm", personal=False)


COMPANY_FIELDS: dict[str, FieldSettings] = {
    "name": mapped("name", "Name", tie="crm", clears="never", personal=False),
    "domain": mapped("domain", "Website", "domain", tie="crm", clears="never", on_invalid="drop", personal=False),
    "phone": mapped("phone", "Phone", "phone", tie="crm", personal=False),
    "street": _address_part("Street", "address"),
    "city": _address_part("City", "city"),
    "state": _address_part("State", "state"),
    "postal_code": _address_part("PostalCode", "zip"),
    "country": _address_part("Country", "country"),
    "employees": mapped("numberofemployees", "NumberOfEmployees", "int", tie="crm", personal=False),
    "description": mapped("description", "Description", "long_text", tie="crm", personal=False),
    "owner": mapped(
        "hubspot_owner_id", "OwnerId", "owner", winner="crm", clears="never", on_invalid="drop", personal=False
    ),
    "stage": mapped("lifecyclestage", None, "stage", to="none", personal=False),
}


class KindSettings(Section):
    """What is alike in the sections of all these kinds."""

    DEFAULTS: ClassVar[dict[str, FieldSettings]] = {}
    fields: dict[str, FieldSettings] = Field(default_factory=dict)
    owner_fallback: dict[Side, str] = Field(default_factory=dict)

    @property
    def all_fields(self) -> dict[str, FieldSettings]:
        """The defaults, with what the file says of them and adds to them."""
        return {**self.DEFAULTS, **self.fields}


class CompanyCreateSettings(Section):
    """`[company] create`: where companies may be created, and under which condition."""

    salesforce: str = "stage >= opportunity and has_domain and not free_mail"
    hubspot: str = "has_domain and not free_mail"


class CompanySettings(KindSettings):
    """`[company]`"""

    DEFAULTS: ClassVar = COMPANY_FIELDS
    sync: bool = True
    create: CompanyCreateSettings = CompanyCreateSettings()
    match_name: bool = False


DEAL_FIELDS: dict[str, FieldSettings] = {
    "name": mapped("dealname", "Name", tie="crm", clears="never", too_long="cut", personal=False),
    "stage": mapped(
        "dealstage+pipeline", "StageName+RecordTypeId", "deal_stage", tie="crm", clears="never", personal=False
    ),
    "amount": mapped("amount+deal_currency_code", "Amount+CurrencyIsoCode", "money", tie="crm", personal=False),
    "close_date": mapped("closedate", "CloseDate", "date", tie="crm", clears="never", personal=False),
    "company": mapped(
        "@company", "AccountId", "reference:company", rule="prefer_salesforce_unless_blank", personal=False
    ),
    "people": mapped("@contacts", "@contacts", "references:person", winner="union", personal=False),
    "lost_reason": mapped("smk_lost_reason", "SMK_Lost_Reason__c", "choice", tie="crm", personal=False),
    "next_step": mapped("hs_next_step", "NextStep", tie="crm", too_long="cut", personal=False),
    "description": mapped("description", "Description", "long_text", tie="crm", too_long="cut", personal=False),
    "forecast": mapped("smk_forecast_category", "ForecastCategoryName", rule="always_use_salesforce", personal=False),
    "owner": mapped(
        "hubspot_owner_id", "OwnerId", "owner", winner="crm", clears="never", on_invalid="drop", personal=False
    ),
}


def _deal_stage(hubspot: str, *salesforce: str) -> dict[Side, OwnValues]:
    return {
        "hubspot": OwnValues(read=(hubspot,), write=hubspot),
        "salesforce": OwnValues(read=salesforce, write=salesforce[0]),
    }


DEAL_STAGES: dict[str, dict[Side, OwnValues]] = {
    "prospecting": _deal_stage("appointmentscheduled", "Prospecting"),
    "qualification": _deal_stage("qualifiedtobuy", "Qualification"),
    "analysis": _deal_stage("presentationscheduled", "Needs Analysis", "Value Proposition"),
    "proposal": _deal_stage(
        "decisionmakerboughtin", "Proposal/Price Quote", "Id. Decision Makers", "Perception Analysis"
    ),
    "negotiation": _deal_stage("contractsent", "Negotiation/Review"),
    "won": _deal_stage("closedwon", "Closed Won"),
    "lost": _deal_stage("closedlost", "Closed Lost"),
}
"""What both systems are delivered with."""


class DealCreateSettings(Section):
    """`[deal] create`: where deals may be created, and under which condition."""

    salesforce: str = "always"
    hubspot: str = "always"


class DealSettings(KindSettings):
    """`[deal]`"""

    DEFAULTS: ClassVar = DEAL_FIELDS
    sync: bool = True
    create: DealCreateSettings = DealCreateSettings()
    stages: dict[str, dict[Side, OwnValues]] = Field(default_factory=lambda: dict(DEAL_STAGES))
    pipelines: dict[str, dict[Side, OwnValues]] = Field(default_factory=dict)
    match_name: bool = False

    @field_validator("stages", "pipelines", mode="before")
    @classmethod
    def _short_form(cls, raw: object) -> object:
        return own_sides(raw)

    @field_validator("stages", "pipelines")
    @classmethod
    def _plain(cls, table: dict[str, dict[Side, OwnValues]]) -> dict[str, dict[Side, OwnValues]]:
        for name in table:
            if not name or "/" in name:
                raise ValueError(f'"{name}" is no name: it must not be empty or hold a "/"')
        for side in SIDES:
            seen: dict[str, str] = {}
            for name, sides in table.items():
                for value in sides[side].read if side in sides else ():
                    if seen.setdefault(value, name) != name:
                        raise ValueError(f'{side} "{value}" is read as both {seen[value]} and {name}; choose one')
        return table
