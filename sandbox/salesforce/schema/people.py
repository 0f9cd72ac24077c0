"""Lead, Contact, Account and Individual."""

from __future__ import annotations

from sandbox.salesforce.schema import picklists as p
from sandbox.salesforce.schema.build import (
    address,
    day,
    email,
    fixed,
    flag,
    long_text,
    moment,
    money,
    person,
    phone,
    pick,
    ref,
    text,
    thing,
    url,
    whole,
)
from sandbox.salesforce.schema.model import FieldMeta, ObjectMeta


def people() -> list[ObjectMeta]:
    return [_lead(), _contact(), _account(), _individual()]


def _touched() -> list[FieldMeta]:
    return [
        fixed(day("LastActivityDate", label="Last Activity")),
        fixed(moment("LastViewedDate")),
        fixed(moment("LastReferencedDate")),
    ]


def _bounce() -> list[FieldMeta]:
    return [text("EmailBouncedReason", 255), moment("EmailBouncedDate")]


def _lead() -> ObjectMeta:
    statuses = [s.value for s in p.LEAD_STATUSES]
    default = next(s.value for s in p.LEAD_STATUSES if s.default)
    return thing(
        "Lead",
        "00Q",
        [
            fixed(ref("MasterRecordId", "Lead")),
            *person(p.SALUTATIONS),
            text("Title", 128),
            text("Company", 255, nillable=False),
            *address("", ""),
            phone("Phone"),
            phone("MobilePhone", label="Mobile Phone"),
            phone("Fax"),
            email("Email", id_lookup=True),
            url("Website"),
            fixed(url("PhotoUrl")),
            long_text("Description"),
            pick("LeadSource", p.LEAD_SOURCES),
            pick("Status", statuses, default, nillable=False),
            pick("Industry", p.INDUSTRIES),
            pick("Rating", p.RATINGS),
            money("AnnualRevenue", 18, 0),
            whole("NumberOfEmployees", 8, label="Employees"),
            ref("OwnerId", "Group User", nillable=False, defaulted_on_create=True),
            flag("HasOptedOutOfEmail", label="Email Opt Out"),
            flag("HasOptedOutOfFax", label="Fax Opt Out"),
            flag("DoNotCall"),
            fixed(flag("IsConverted", label="Converted")),
            fixed(day("ConvertedDate")),
            fixed(ref("ConvertedAccountId", "Account")),
            fixed(ref("ConvertedContactId", "Contact")),
            fixed(ref("ConvertedOpportunityId", "Opportunity")),
            flag("IsUnreadByOwner", True, label="Unread By Owner"),
            *_touched(),
            day("LastTransferDate"),
            fixed(pick("CleanStatus", p.CLEAN_STATUSES, restricted=True, length=40)),
            text("Jigsaw", 20, label="Data.com Key"),
            text("CompanyDunsNumber", 9, label="Company D-U-N-S Number"),
            ref("IndividualId", "Individual", children="Leads"),
            *_bounce(),
        ],
        mergeable=True,
    )


def _contact() -> ObjectMeta:
    return thing(
        "Contact",
        "003",
        [
            fixed(ref("MasterRecordId", "Contact")),
            ref("AccountId", "Account", children="Contacts"),
            *person(p.SALUTATIONS),
            *address("Other", "Other "),
            *address("Mailing", "Mailing "),
            phone("Phone", label="Business Phone"),
            phone("Fax", label="Business Fax"),
            phone("MobilePhone", label="Mobile Phone"),
            phone("HomePhone", label="Home Phone"),
            phone("OtherPhone", label="Other Phone"),
            phone("AssistantPhone", label="Asst. Phone"),
            ref("ReportsToId", "Contact", children="ReportsTo"),
            email("Email", id_lookup=True),
            text("Title", 128),
            text("Department", 80),
            text("AssistantName", 40, label="Assistant's Name"),
            pick("LeadSource", p.LEAD_SOURCES),
            day("Birthdate"),
            long_text("Description"),
            ref("OwnerId", "User", nillable=False, defaulted_on_create=True),
            flag("HasOptedOutOfEmail", label="Email Opt Out"),
            flag("HasOptedOutOfFax", label="Fax Opt Out"),
            flag("DoNotCall"),
            *_touched(),
            fixed(moment("LastCURequestDate", label="Last Stay-in-Touch Request Date")),
            fixed(moment("LastCUUpdateDate", label="Last Stay-in-Touch Save Date")),
            *_bounce(),
            fixed(flag("IsEmailBounced")),
            fixed(url("PhotoUrl")),
            text("Jigsaw", 20, label="Data.com Key"),
            fixed(pick("CleanStatus", p.CLEAN_STATUSES, restricted=True, length=40)),
            ref("IndividualId", "Individual", children="Contacts"),
        ],
        mergeable=True,
    )


def _account() -> ObjectMeta:
    return thing(
        "Account",
        "001",
        [
            fixed(ref("MasterRecordId", "Account")),
            text("Name", 255, label="Account Name", nillable=False, name_field=True),
            pick("Type", p.ACCOUNT_TYPES, label="Account Type"),
            ref("ParentId", "Account", children="ChildAccounts"),
            *address("Billing", "Billing "),
            *address("Shipping", "Shipping "),
            phone("Phone", label="Account Phone"),
            phone("Fax", label="Account Fax"),
            text("AccountNumber", 40),
            url("Website"),
            fixed(url("PhotoUrl")),
            text("Sic", 20, label="SIC Code"),
            pick("Industry", p.INDUSTRIES),
            money("AnnualRevenue", 18, 0),
            whole("NumberOfEmployees", 8, label="Employees"),
            pick("Ownership", p.OWNERSHIPS),
            text("TickerSymbol", 20),
            long_text("Description", label="Account Description"),
            pick("Rating", p.RATINGS, label="Account Rating"),
            text("Site", 80, label="Account Site"),
            ref("OwnerId", "User", nillable=False, defaulted_on_create=True),
            *_touched(),
            text("Jigsaw", 20, label="Data.com Key"),
            fixed(pick("CleanStatus", p.CLEAN_STATUSES, restricted=True, length=40)),
            pick("AccountSource", p.LEAD_SOURCES),
            text("DunsNumber", 9, label="D-U-N-S Number"),
            text("Tradestyle", 255),
            text("NaicsCode", 8, label="NAICS Code"),
            text("NaicsDesc", 120, label="NAICS Description"),
            text("YearStarted", 4),
            text("SicDesc", 80, label="SIC Description"),
        ],
        mergeable=True,
    )


def _individual() -> ObjectMeta:
    return thing(
        "Individual",
        "0PK",
        [
            ref("OwnerId", "User", nillable=False, defaulted_on_create=True),
            *person(p.SALUTATIONS),
            day("BirthDate"),
            flag("HasOptedOutTracking", label="Don't Track"),
            flag("HasOptedOutProfiling", label="Don't Profile"),
            flag("HasOptedOutProcessing", label="Don't Process"),
            flag("HasOptedOutSolicit", label="Don't Market"),
            flag("ShouldForget", label="Forget this Individual"),
            flag("SendIndividualData", label="Export Individual's Data"),
            flag("CanStorePiiElsewhere", label="OK to Store PII Data Elsewhere"),
            flag("HasOptedOutGeoTracking", label="Block Geolocation Tracking"),
            fixed(moment("LastViewedDate")),
        ],
        mergeable=True,
    )
