"""The sections of the other kinds beside people, with the fields that are synchronised by default."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from sync.fields import FieldSettings, Section, Side, mapped


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


class CompanyCreateSettings(Section):
    """`[company] create`: where companies may be created, and under which condition."""

    salesforce: str = "stage >= opportunity and has_domain and not free_mail"
    hubspot: str = "has_domain and not free_mail"


class CompanySettings(Section):
    """`[company]`"""

    DEFAULTS: ClassVar = COMPANY_FIELDS
    sync: bool = True
    create: CompanyCreateSettings = CompanyCreateSettings()
    fields: dict[str, FieldSettings] = Field(default_factory=dict)
    match_name: bool = False
    owner_fallback: dict[Side, str] = Field(default_factory=dict)

    @property
    def all_fields(self) -> dict[str, FieldSettings]:
        """The defaults, with what the file says of them and adds to them."""
        return {**self.DEFAULTS, **self.fields}
