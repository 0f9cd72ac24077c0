"""The configuration as typed, frozen values: one class a section of the TOML file, with the defaults of the product.

What each setting means to users stands in `config.example.toml`, which a test keeps complete.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from mapping.deals import LOST, OPPORTUNITY, RECYCLED
from sync.decide.activities import ActivitySettings
from sync.insight.agreement import OFFICE, AlertsSettings, CalendarSettings, GoalsSettings, SlaSettings
from sync.insight.features import InsightSettings
from sync.insight.scores import ScoreSettings
from sync.settings.fields import SIDES, FieldSettings, OwnValues, Section, Side, mapped, own_values
from sync.settings.kinds import CompanySettings, DealSettings
from sync.settings.secrets import Secret
from sync.trust.approving import PlanSettings
from sync.trust.limits import BrakesSettings


def _address(text: str) -> str:
    if not text.startswith(("http://", "https://")) or not text.partition("://")[2].strip("/"):
        raise ValueError("must be a full address such as https://api.example.com")
    return text.rstrip("/")


Address = Annotated[str, AfterValidator(_address)]


class StateSettings(Section):
    """`[state]`"""

    url: str = "sqlite:///smarketing.db"

    @field_validator("url")
    @classmethod
    def _known(cls, url: str) -> str:
        if not url.startswith(("sqlite:///", "postgresql+psycopg://", "postgresql://")):
            raise ValueError('must start with "sqlite:///" or "postgresql+psycopg://"')
        return url


class HubSpotSettings(Section):
    """`[hubspot]`"""

    base_url: Address = "https://api.hubapi.com"
    access_token: Secret | None = None
    client_id: str | None = None
    client_secret: Secret | None = None
    refresh_token: Secret | None = None
    api: Literal["v3", "2026-03", "2026-09"] = "v3"

    @model_validator(mode="after")
    def _one_way_in(self) -> HubSpotSettings:
        oauth = (self.client_id, self.client_secret, self.refresh_token)
        if self.access_token and any(oauth):
            raise ValueError("give either access_token or client_id, client_secret and refresh_token, not both")
        if not self.access_token and not all(oauth):
            raise ValueError("needs access_token, or client_id, client_secret and refresh_token")
        return self


Auth = Literal["client_credentials", "jwt", "refresh_token", "password", "access_token"]

NEEDED: dict[str, tuple[str, ...]] = {
    "client_credentials": ("client_id", "client_secret"),
    "jwt": ("client_id", "username", "private_key"),
    "refresh_token": ("client_id", "refresh_token"),
    "password": ("username", "password"),
    "access_token": ("access_token",),
}


class SalesforceSettings(Section):
    """`[salesforce]`"""

    login_url: Address
    auth: Auth = "client_credentials"
    client_id: str | None = None
    client_secret: Secret | None = None
    username: str | None = None
    password: Secret | None = None
    security_token: Secret | None = None
    private_key: Secret | None = None
    refresh_token: Secret | None = None
    access_token: Secret | None = None
    instance_url: Address | None = None
    version: str = "64.0"

    @field_validator("version")
    @classmethod
    def _version(cls, version: str) -> str:
        number = version.removesuffix(".0")
        if not (number.isdigit() and 50 <= int(number) <= 99):
            raise ValueError('must be an API version from "50.0" up')
        return f"{number}.0"

    @model_validator(mode="after")
    def _complete(self) -> SalesforceSettings:
        missing = [name for name in NEEDED[self.auth] if not getattr(self, name)]
        if missing:
            raise ValueError(f'auth = "{self.auth}" also needs {" and ".join(missing)}')
        return self


class ScheduleSettings(Section):
    """`[schedule]`"""

    sync: str = "every 2 minutes"
    reconcile: str = "03:00"
    learn: str = "04:30"

    @field_validator("sync", "reconcile", "learn")
    @classmethod
    def _readable(cls, text: str) -> str:
        from sync.schedule import parse_when

        parse_when(text)
        return text


class BudgetSettings(Section):
    """One side of `[budget]`"""

    calls_per_day: int | None = Field(default=None, ge=1)
    reserve: float = Field(default=0.3, ge=0, lt=1)
    parallel: int = Field(default=4, ge=1, le=16)


class HubSpotBudgetSettings(BudgetSettings):
    """`[budget.hubspot]`"""

    calls_per_10_s: int = Field(default=190, ge=1)
    searches_per_s: int = Field(default=5, ge=1)


class SalesforceBudgetSettings(BudgetSettings):
    """`[budget.salesforce]`"""

    calls_per_day: int | None = Field(default=25_000, ge=1)


class BudgetsSettings(Section):
    """`[budget]`"""

    hubspot: HubSpotBudgetSettings = HubSpotBudgetSettings()
    salesforce: SalesforceBudgetSettings = SalesforceBudgetSettings()


class StageSettings(Section):
    """One `[[vocabulary.stage]]`"""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    means: str
    owner: Literal["marketing", "sales"]
    buyer: Literal["", "awareness", "consideration", "decision", "customer"] = ""
    entry: str = ""
    hubspot: OwnValues = OwnValues()
    salesforce: OwnValues = OwnValues()

    @field_validator("hubspot", "salesforce", mode="before")
    @classmethod
    def _short_form(cls, raw: object) -> object:
        return own_values(raw)


class StatusSettings(StageSettings):
    """One `[[vocabulary.status]]`"""

    reasons: tuple[str, ...] = ()
    back_to: str | None = None


def _stage(
    name: str, owner: str, buyer: str, means: str, hubspot: object = None, salesforce: object = None
) -> StageSettings:
    sides = {side: raw for side, raw in (("hubspot", hubspot), ("salesforce", salesforce)) if raw is not None}
    return StageSettings.model_validate({"name": name, "owner": owner, "buyer": buyer, "means": means, **sides})


STAGES = (
    _stage("subscriber", "marketing", "awareness", "asked to hear from us, nothing more is known", "subscriber"),
    _stage("lead", "marketing", "awareness", "showed interest beyond a subscription", "lead"),
    _stage(
        "mql",
        "marketing",
        "consideration",
        "fits a persona and asked for something; handed to sales, not yet spoken to",
        "marketingqualifiedlead",
        "Open - Not Contacted",
    ),
    _stage(
        "sal",
        "sales",
        "consideration",
        "accepted by sales, who are trying to reach the person",
        {"write": "marketingqualifiedlead"},
        "Working - Contacted",
    ),
    _stage(
        "sql",
        "sales",
        "decision",
        "spoken to: need, means and time are confirmed",
        "salesqualifiedlead",
        {"read": ["Qualified", "Closed - Converted"]},
    ),
    _stage("opportunity", "sales", "decision", "a deal is open", "opportunity"),
    _stage("customer", "sales", "customer", "a deal was won", "customer"),
    _stage("advocate", "marketing", "customer", "recommends us to others", "evangelist"),
)


def _status(name: str, owner: str, means: str, reasons: str = "", **more: object) -> StatusSettings:
    told = {"name": name, "owner": owner, "means": means, "reasons": reasons.split(), **more}
    return StatusSettings.model_validate(told)


STATUSES = (
    _status("other", "marketing", "outside the funnel: partners, press, job seekers", hubspot={"read": ["other"]}),
    _status(
        "recycled",
        "sales",
        "not ready yet: back to marketing, to be nurtured",
        "not_now no_budget no_authority no_response other",
        salesforce={"read": ["Recycled"]},
        back_to="lead",
    ),
    _status(
        "disqualified",
        "sales",
        "will not buy",
        "no_need no_budget out_of_area competitor student bad_data other",
        salesforce={"read": ["Closed - Not Converted"]},
    ),
    _status("lost", "sales", "the last open deal was lost", "price competitor no_decision timing other"),
    _status("churned", "sales", "was a customer and is none any more", "price competitor no_need other"),
    _status("in_review", "marketing", "somebody is looking whether this person belongs here"),
)


STAYS = "stay_opportunity_lost"


class VocabularySettings(Section):
    """`[vocabulary]`: one language for marketing and sales; the order of the stages is their rank."""

    stage: tuple[StageSettings, ...] = STAGES
    status: tuple[StatusSettings, ...] = STATUSES
    converted: str = "sql"
    owners: dict[str, str] = Field(default_factory=dict)
    lost_policy: str = STAYS

    @property
    def lost_to(self) -> str | None:
        """The stage that a lost deal sets people back to; None: they stay an opportunity."""
        found = re.fullmatch(r"back_to (\S+)", self.lost_policy)
        return found[1] if found else None

    @property
    def recycle_after(self) -> int:
        """The days after which people whose deal was lost are recycled; 0: they are not."""
        found = re.fullmatch(r"recycle_after ([1-9]\d{0,3}) days?", self.lost_policy)
        return int(found[1]) if found else 0

    @model_validator(mode="after")
    def _consistent(self) -> VocabularySettings:
        names = [entry.name for entry in (*self.stage, *self.status)]
        for name in sorted({n for n in names if names.count(n) > 1}):
            raise ValueError(f'"{name}" is defined twice; names of stages and statuses must differ')
        stages = [entry.name for entry in self.stage]
        for status in self.status:
            if status.back_to is not None and status.back_to not in stages:
                raise ValueError(f'"{status.name}" sets back to "{status.back_to}", which is no stage')
        if self.converted not in stages and "converted" in self.model_fields_set:
            raise ValueError(f'converted is "{self.converted}", which is no stage')
        self._lost_policy_holds(stages)
        for side in SIDES:
            seen: dict[str, str] = {}
            for entry in (*self.stage, *self.status):
                for value in getattr(entry, side).read:
                    if value in seen:
                        raise ValueError(f'{side} "{value}" is read as both {seen[value]} and {entry.name}; choose one')
                    seen[value] = entry.name
        return self

    def _lost_policy_holds(self, stages: list[str]) -> None:
        back = self.lost_to
        if "lost_policy" not in self.model_fields_set:
            return
        if back is None and not self.recycle_after and self.lost_policy != STAYS:
            raise ValueError(
                f'lost_policy is "{self.lost_policy}"; choose "{STAYS}", "recycle_after N days" or "back_to STAGE"'
            )
        lost = next((status for status in self.status if status.name == LOST), None)
        if lost is None or OPPORTUNITY not in stages:
            raise ValueError(f'lost_policy needs a stage "{OPPORTUNITY}" and a status "{LOST}"; add what is missing')
        if self.recycle_after and RECYCLED not in [status.name for status in self.status]:
            raise ValueError(f'lost_policy needs a status "{RECYCLED}"; add it, or choose another policy')
        if back is not None and back not in stages[: stages.index(OPPORTUNITY)]:
            before = ", ".join(stages[: stages.index(OPPORTUNITY)])
            raise ValueError(f'lost_policy sets back to "{back}", which is no stage before {OPPORTUNITY}: {before}')
        if lost.back_to not in (None, back):
            raise ValueError(f'lost_policy and back_to of the status "{LOST}" contradict each other; remove one')


def _address_part(lead: str, hubspot: str) -> FieldSettings:
    return mapped(hubspot, {"Lead": lead, "Contact": f"Mailing{lead}"}, tie="crm")


def _reason(hubspot: str, salesforce: str) -> FieldSettings:
    """Sales says why; marketing reads it."""
    return mapped(hubspot, salesforce, "choice", rule="always_use_salesforce", personal=False)


def _origin(hubspot: str) -> FieldSettings:
    """What HubSpot knows of where people came from: reports and conditions ask for it, nothing writes it."""
    return mapped(hubspot, None, to="none", personal=False)


PERSON_FIELDS: dict[str, FieldSettings] = {
    "email": mapped("email", "Email", "email", winner="crm", clears="never", tie="crm"),
    "first_name": mapped("firstname", "FirstName", tie="crm"),
    "last_name": mapped("lastname", "LastName", tie="crm", clears="never"),
    "title": mapped("jobtitle", "Title", rule="prefer_salesforce_unless_blank"),
    "phone": mapped("phone", "Phone", "phone", tie="crm"),
    "mobile": mapped("mobilephone", "MobilePhone", "phone", tie="crm"),
    "company": mapped("company", {"Lead": "Company"}, tie="crm", clears="never", default="[not provided]"),
    "account": mapped(
        "@company", {"Contact": "AccountId"}, "reference:company", rule="prefer_salesforce_unless_blank", personal=False
    ),
    "street": _address_part("Street", "address"),
    "city": _address_part("City", "city"),
    "state": _address_part("State", "state"),
    "postal_code": _address_part("PostalCode", "zip"),
    "country": _address_part("Country", "country"),
    "owner": mapped(
        "hubspot_owner_id", "OwnerId", "owner", winner="crm", clears="never", on_invalid="drop", personal=False
    ),
    "recycle_reason": _reason("smk_recycle_reason", "SMK_Recycle_Reason__c"),
    "disqualify_reason": _reason("smk_disqualify_reason", "SMK_Reject_Reason__c"),
    "stage": mapped("lifecyclestage+smk_stage", {"Lead": "Status"}, "stage", winner="forward", personal=False),
    "source": _origin("hs_analytics_source"),
    "source_detail": _origin("hs_analytics_source_data_1"),
    "first_page": _origin("hs_analytics_first_url"),
    "first_offer": _origin("first_conversion_event_name"),
    "persona": _origin("hs_persona"),
    "opted_out": mapped("@subscriptions", "HasOptedOutOfEmail", "bool", rule="opt_out", personal=False),
}

ROLE_MAILBOXES = (
    "abuse", "accounts", "accounting", "admin", "administration", "billing", "careers", "contact", "contacto",
    "enquiries", "feedback", "finance", "help", "helpdesk", "hello", "hr", "info", "inquiries", "invoice", "it",
    "jobs", "kontakt", "mail", "marketing", "media", "news", "newsletter", "no-reply", "noreply", "office", "orders",
    "postmaster", "press", "purchasing", "reception", "root", "sales", "security", "service", "support", "team",
    "vertrieb", "webmaster",
)  # fmt: skip


class CreateSettings(Section):
    """`[person] create`: where people may be created, and under which condition."""

    salesforce: str = "stage >= mql and not shared and not role_address and not disqualified"
    hubspot: str = "has_email and not shared and not role_address"
    lead_or_contact: Literal["Lead", "Contact"] = Field(default="Lead", alias="as")
    contact_if_known_account: bool = False


class OnDeleteSettings(Section):
    """`[person.on_delete]`: what happens to the record of a side when its counterpart was deleted."""

    hubspot: Literal["unlink", "flag", "archive"] = "unlink"
    salesforce: Literal["unlink", "flag", "delete"] = "unlink"
    recreate: Literal["ask", "yes", "never"] = "ask"


class ReconsentSettings(Section):
    """`[person.reconsent]`: what shows that somebody who opted out agreed to mail again; all four, or nothing does."""

    event: str = ""
    at: str = ""
    source: str = ""
    basis: str = ""
    only: str = "always"

    @property
    def fields(self) -> dict[str, str]:
        """Setting → the field of `[person.fields]` that it names."""
        return {"event": self.event, "at": self.at, "source": self.source, "basis": self.basis}

    @model_validator(mode="after")
    def _complete(self) -> ReconsentSettings:
        missing = [name for name, field in self.fields.items() if not field]
        if missing and len(missing) < len(self.fields):
            raise ValueError(
                f"also needs {', '.join(missing)}: without an event, its time, source and basis none counts"
            )
        return self


class PersonSettings(Section):
    """`[person]`"""

    sync: bool = True
    create: CreateSettings = CreateSettings()
    on_delete: OnDeleteSettings = OnDeleteSettings()
    reconsent: ReconsentSettings = ReconsentSettings()
    fields: dict[str, FieldSettings] = Field(default_factory=dict)
    role_mailboxes: tuple[str, ...] = ROLE_MAILBOXES
    match_phone: bool = False
    phone_region: str = Field(default="", pattern=r"^([A-Z]{2})?$")
    mirror_merge: Literal["off", "suggest"] = "suggest"
    owner_fallback: dict[Side, str] = Field(default_factory=dict)

    @property
    def all_fields(self) -> dict[str, FieldSettings]:
        """The defaults, with what the file says of them and adds to them."""
        return {**PERSON_FIELDS, **self.fields}


class DashboardSettings(Section):
    """`[dashboard]`"""

    address: str = "127.0.0.1:8750"
    token: Secret | None = None
    public: bool = False

    @property
    def host(self) -> str:
        """A name or number of this machine, without brackets."""
        return self.address.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """0: any that is free."""
        return int(self.address.rpartition(":")[2])

    @model_validator(mode="after")
    def _close(self) -> DashboardSettings:
        port = self.address.rpartition(":")[2]
        if not self.host or not port.isdecimal() or int(port) > 65_535:
            raise ValueError('address must be like "127.0.0.1:8750"')
        if not self.public and not _loopback(self.host):
            raise ValueError(
                f'address is "{self.address}", which others can reach, and speaks plain HTTP: use 127.0.0.1 with '
                "a proxy that speaks TLS before it, or say public = true"
            )
        return self


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Settings(Section):
    """The whole file."""

    state: StateSettings = StateSettings()
    hubspot: HubSpotSettings
    salesforce: SalesforceSettings
    schedule: ScheduleSettings = ScheduleSettings()
    budget: BudgetsSettings = BudgetsSettings()
    plan: PlanSettings = PlanSettings()
    brakes: BrakesSettings = BrakesSettings()
    vocabulary: VocabularySettings = VocabularySettings()
    company: CompanySettings = CompanySettings()
    person: PersonSettings = PersonSettings()
    deal: DealSettings = DealSettings()
    activity: ActivitySettings = ActivitySettings()
    insight: InsightSettings = InsightSettings()
    calendar: dict[str, CalendarSettings] = Field(default={OFFICE: CalendarSettings()}, min_length=1)
    sla: SlaSettings = SlaSettings()
    alerts: AlertsSettings = AlertsSettings()
    goals: GoalsSettings = GoalsSettings()
    score: ScoreSettings = ScoreSettings()
    dashboard: DashboardSettings = DashboardSettings()
