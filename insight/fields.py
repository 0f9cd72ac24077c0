"""Our own fields that hold what we learn: one definition for the mapping, for `provision` and for the documents.

Each belongs to a feature of the configuration; where that is off, the field is neither made nor written.  None holds
what changes by the mere passing of time: a point in time instead of a duration.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from connectors.port import FieldSpec, Option
from insight.score.titles import FUNCTION_NAMES, LEVEL_NAMES
from mapping.rules import OURS, FieldRule, Place

BEHAVIOUR, OUTCOMES, SCORE, SLA, STAGES = "behaviour", "outcomes", "score", "sla", "stages"
"""The features: what people do, what became of them, how promising they are, whether they were answered in time, and
how far their companies are."""
CONTENT, QUALIFICATION = "content", "qualification"
"""What to show people next; what sales has to know of them to go on."""
PERSON, COMPANY, DEAL = "person", "company", "deal"

PLACES: dict[str, tuple[Place, tuple[Place, ...]]] = {
    PERSON: (Place("hubspot", "contacts"), (Place("salesforce", "Lead"), Place("salesforce", "Contact"))),
    COMPANY: (Place("hubspot", "companies"), (Place("salesforce", "Account"),)),
    DEAL: (Place("hubspot", "deals"), (Place("salesforce", "Opportunity"),)),
}
"""kind → where its fields live: in HubSpot, in Salesforce."""
KEPT = "Kept by Smarketing Sync: do not edit."
LONG = 2_000
"""Characters of our long texts."""
RESULTS = ("won", "open", "lost", "none")
PRIORITIES = tuple(fit + engagement for fit in "ABC" for engagement in "123")
CLOCK_STATES = ("pending", "on_track", "warned", "breached", "met", "met_late", "attempts_short", "exempt")
MONEY = (18, 2)


class Judged(NamedTuple):
    """A field that people fill in, on either side."""

    label: str
    type: str
    help: str
    options: tuple[str, ...] = ()


ROLES = ("decision_maker", "influencer", "end_user", "champion", "blocker", "unknown")
JUDGED: dict[str, Judged] = {
    "lead_quality": Judged(
        "Lead quality",
        "choice",
        "How good the lead is, as sales sees it: 1 poor, 5 excellent.",
        ("1", "2", "3", "4", "5"),
    ),
    "budget_band": Judged("Budget", "choice", "What there is to spend.", ("none", "small", "medium", "large")),
    "timing": Judged(
        "Timing", "choice", "When they want to decide.", ("now", "this_quarter", "this_year", "later", "never")
    ),
    "need": Judged("Need", "text", "What they want to solve, in a few words."),
    "in_area": Judged("In our area", "choice", "Whether we serve where they are.", ("yes", "no")),
    "buying_role": Judged("Buying role", "choice", "The part the person takes in a purchase.", ROLES),
    "pain_points": Judged("Pain points", "long_text", "What presses them: several with semicolons between them."),
}
_NATIVE = {
    "text": "text", "long_text": "long_text", "choice": "choice", "bool": "bool", "datetime": "datetime",
    "date": "date", "int": "number", "decimal": "number",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class OurField:
    """One field of ours."""

    kind: str
    name: str
    """With the @ of what is ours: "@priority"."""
    feature: str
    type: str
    """As in `FieldRule.type`."""
    hubspot: str
    """The property; empty: it is not kept there."""
    salesforce: str
    label: str
    help: str
    options: tuple[str, ...] = ()
    digits: tuple[int, int] | None = None
    """Of a number: in all, after the point."""
    shown: str = ""
    """How the systems show it, where its type does not say: percent."""
    quiet: bool = False
    """Another value is not worth a call of its own: it goes along with the next write of the record."""

    @property
    def places(self) -> dict[Place, str]:
        """Where it lives."""
        hubspot, salesforce = PLACES[self.kind]
        return ({hubspot: self.hubspot} if self.hubspot else {}) | (
            dict.fromkeys(salesforce, self.salesforce) if self.salesforce else {}
        )

    def rule(self) -> FieldRule:
        """How the mapping knows it."""
        places = self.places
        to = frozenset(place.system for place in places)
        return FieldRule(self.name, self.type, places, to, winner=OURS, too_long="cut", personal=False)

    def specs(self, stages: Sequence[str] = ()) -> Iterator[tuple[str, FieldSpec]]:
        """(system, field) of what has to exist.  stages: the names of those in the vocabulary."""
        options = stages if self.feature == STAGES else self.options
        for place, native in self.places.items():
            yield (
                place.system,
                FieldSpec(
                    place.object,
                    native,
                    self.label,
                    self.shown or _NATIVE[self.type],
                    length={"text": 255, "long_text": LONG}.get(self.type),
                    options=tuple(Option(option, option) for option in options),
                    help=f"{self.help} {KEPT}",
                    precision=self.digits or ((9, 0) if self.type == "int" else None),
                ),
            )


FIELDS: tuple[OurField, ...] = (
    # -- what people do ------------------------------------------------------------------------------------------------
    OurField(PERSON, "@visits", BEHAVIOUR, "int", "smk_visits_total", "SMK_Visits__c", "Visits",
             "How often the person came to the website."),
    OurField(PERSON, "@visits_30d", BEHAVIOUR, "int", "smk_visits_30d", "SMK_Visits_30d__c", "Visits, last 30 days",
             "The same in the last 30 days; falls once a week."),
    OurField(PERSON, "@page_views", BEHAVIOUR, "int", "smk_page_views", "SMK_Page_Views__c", "Page views",
             "How many pages of the website the person saw.", quiet=True),
    OurField(PERSON, "@last_visit_at", BEHAVIOUR, "datetime", "smk_last_visit_at", "SMK_Last_Visit__c", "Last visit",
             "When the person was last seen on the website."),
    OurField(PERSON, "@content_viewed", BEHAVIOUR, "long_text", "smk_content_viewed", "SMK_Content_Viewed__c",
             "Content viewed", "The last ten pages that the person saw, the newest first."),
    OurField(PERSON, "@content_count", BEHAVIOUR, "int", "smk_content_count", "SMK_Content_Count__c", "Content count",
             "How many different pages the person saw.", quiet=True),
    OurField(PERSON, "@email_opens_90d", BEHAVIOUR, "int", "smk_email_opens_90d", "SMK_Email_Opens_90d__c",
             "E-mail opens, last 90 days", "Marketing e-mails that the person opened; what machines open is left out."),
    OurField(PERSON, "@last_open_at", BEHAVIOUR, "datetime", "smk_last_open_at", "SMK_Last_Open__c", "Last open",
             "When the person last opened a marketing e-mail."),
    OurField(PERSON, "@email_clicks_90d", BEHAVIOUR, "int", "smk_email_clicks_90d", "SMK_Email_Clicks_90d__c",
             "E-mail clicks, last 90 days", "Links in marketing e-mails that the person followed."),
    OurField(PERSON, "@last_click_at", BEHAVIOUR, "datetime", "smk_last_click_at", "SMK_Last_Click_At__c", "Last click",
             "When the person last followed a link in a marketing e-mail."),
    OurField(PERSON, "@last_click", BEHAVIOUR, "text", "smk_last_click", "SMK_Last_Click__c", "Last link clicked",
             "The link in a marketing e-mail that the person followed last."),
    OurField(PERSON, "@recent_interest", BEHAVIOUR, "long_text", "smk_recent_interest", "SMK_Recent_Interest__c",
             "Recent interest", "The last five things the person did: date, what, title."),
    OurField(PERSON, "@original_source", BEHAVIOUR, "text", "", "SMK_Original_Source__c", "Original source",
             "The channel by which the person first came."),
    OurField(PERSON, "@original_detail", BEHAVIOUR, "text", "", "SMK_Original_Detail__c", "Original source, detail",
             "The page or campaign by which the person first came."),
    OurField(PERSON, "@first_offer", BEHAVIOUR, "text", "", "SMK_First_Offer__c", "First offer",
             "The first form that the person filled in."),
    OurField(PERSON, "@first_offer_at", BEHAVIOUR, "datetime", "", "SMK_First_Offer_At__c", "First offer at",
             "When the person filled in a form for the first time."),
    OurField(PERSON, "@recent_offer", BEHAVIOUR, "text", "", "SMK_Recent_Offer__c", "Recent offer",
             "The form that the person filled in last."),
    OurField(PERSON, "@recent_offer_at", BEHAVIOUR, "datetime", "", "SMK_Recent_Offer_At__c", "Recent offer at",
             "When the person filled in a form last."),
    OurField(PERSON, "@sales_touches", BEHAVIOUR, "int", "smk_sales_touches", "SMK_Sales_Touches__c", "Sales touches",
             "Calls, e-mails and meetings by which sales was in touch with the person; not those sent by automation."),
    OurField(PERSON, "@attempts", BEHAVIOUR, "int", "smk_attempts", "SMK_Attempts__c", "Attempts",
             "How often sales tried to reach the person by call or e-mail."),
    OurField(PERSON, "@first_sales_touch_at", BEHAVIOUR, "datetime", "smk_first_sales_touch_at",
             "SMK_First_Sales_Touch__c", "First sales touch", "When sales first called, wrote to or met the person."),
    OurField(PERSON, "@last_sales_touch_at", BEHAVIOUR, "datetime", "smk_last_sales_touch_at",
             "SMK_Last_Sales_Touch__c", "Last sales touch", "When sales last called, wrote to or met the person."),
    OurField(PERSON, "@last_sales_touch_type", BEHAVIOUR, "choice", "smk_last_sales_touch_type",
             "SMK_Last_Sales_Touch_Type__c", "Last sales touch, type", "What the last sales touch was.",
             options=("call", "email", "meeting")),
    OurField(PERSON, "@last_sales_outcome", BEHAVIOUR, "text", "smk_last_sales_outcome", "SMK_Last_Sales_Outcome__c",
             "Last sales outcome", "What came of the last call or meeting."),
    OurField(PERSON, "@next_content", CONTENT, "text", "smk_next_content", "SMK_Next_Content__c", "Next content",
             "What to show the person next: never what they have seen."),
    OurField(COMPANY, "@engaged_people", BEHAVIOUR, "int", "smk_engaged_people", "SMK_Engaged_People__c",
             "Engaged people", "People of the company who did something in the last 90 days; falls once a week."),
    OurField(COMPANY, "@last_marketing_touch", BEHAVIOUR, "datetime", "", "SMK_Last_Marketing_Touch__c",
             "Last marketing touch", "When one of its people last did something."),
    # -- what became of them -------------------------------------------------------------------------------------------
    OurField(PERSON, "@outcome", OUTCOMES, "choice", "smk_outcome", "", "Outcome",
             "What became of the person's deals: won if any was, else open, lost, none.", options=RESULTS),
    OurField(PERSON, "@won_revenue", OUTCOMES, "decimal", "smk_won_revenue", "", "Won revenue",
             "Revenue of won deals, a deal with several people shared equally; in the currency of the company.",
             digits=MONEY),
    OurField(PERSON, "@open_pipeline", OUTCOMES, "decimal", "smk_open_pipeline", "", "Open pipeline",
             "Amounts of open deals, a deal with several people shared equally; in the currency of the company.",
             digits=MONEY),
    OurField(PERSON, "@first_won_at", OUTCOMES, "datetime", "smk_first_won_at", "", "First won",
             "When the first deal was won."),
    OurField(PERSON, "@last_won_at", OUTCOMES, "datetime", "smk_last_won_at", "", "Last won",
             "When the last deal was won."),
    OurField(PERSON, "@days_to_close", OUTCOMES, "int", "smk_days_to_close", "", "Days to close",
             "Days from the first touch to the first deal won."),
    OurField(PERSON, "@in_sales_process", OUTCOMES, "bool", "smk_in_sales_process", "", "In sales process",
             "A deal is open or sales is at work on the person: for lists of whom marketing leaves alone."),
    OurField(COMPANY, "@outcome", OUTCOMES, "choice", "smk_outcome", "", "Outcome",
             "What became of the company's deals: won if any was, else open, lost, none.", options=RESULTS),
    OurField(COMPANY, "@won_revenue", OUTCOMES, "decimal", "smk_won_revenue", "", "Won revenue",
             "Revenue of its won deals, in the currency of the company.", digits=MONEY),
    OurField(COMPANY, "@open_pipeline", OUTCOMES, "decimal", "smk_open_pipeline", "", "Open pipeline",
             "Amounts of its open deals, in the currency of the company.", digits=MONEY),
    OurField(COMPANY, "@first_won_at", OUTCOMES, "datetime", "smk_first_won_at", "", "First won",
             "When its first deal was won."),
    OurField(COMPANY, "@last_won_at", OUTCOMES, "datetime", "smk_last_won_at", "", "Last won",
             "When its last deal was won."),
    OurField(DEAL, "@first_touch_source", OUTCOMES, "text", "smk_first_touch_source", "SMK_First_Touch_Source__c",
             "First touch source", "The channel by which the first of its people first came."),
    OurField(DEAL, "@first_touch_campaign", OUTCOMES, "text", "", "SMK_First_Touch_Campaign__c",
             "First touch campaign", "The campaign of the first touch of its people."),
    OurField(DEAL, "@last_touch_source", OUTCOMES, "text", "", "SMK_Last_Touch_Source__c", "Last touch source",
             "The channel of the last touch before the deal was made."),
    OurField(DEAL, "@last_touch_campaign", OUTCOMES, "text", "", "SMK_Last_Touch_Campaign__c", "Last touch campaign",
             "The campaign of the last touch before the deal was made."),
    OurField(DEAL, "@marketing_sourced", OUTCOMES, "bool", "", "SMK_Marketing_Sourced__c", "Marketing sourced",
             "The first of its people came to us by marketing, before sales was in touch with any."),
    OurField(DEAL, "@marketing_influenced", OUTCOMES, "bool", "", "SMK_Marketing_Influenced__c",
             "Marketing influenced", "One of its people did something in marketing before the deal was closed."),
    OurField(DEAL, "@touches_before_create", OUTCOMES, "int", "", "SMK_Touches_Before_Create__c",
             "Touches before create", "How often its people were in touch with marketing before the deal was made."),
    OurField(DEAL, "@influencing_content", OUTCOMES, "long_text", "", "SMK_Influencing_Content__c",
             "Influencing content", "What its people read or filled in before the deal was closed, the newest first."),
    OurField(DEAL, "@days_to_close", OUTCOMES, "int", "smk_days_to_close", "", "Days to close",
             "Days from the first touch of its people, or else its creation, to the day it was won."),
    # -- how far their companies are -----------------------------------------------------------------------------------
    OurField(COMPANY, "@company_stage", STAGES, "choice", "smk_stage", "SMK_Stage__c", "Shared stage",
             "The highest stage of the company's people and deals; people who were sent away do not count."),
    # -- how promising they are ----------------------------------------------------------------------------------------
    OurField(PERSON, "@fit_score", SCORE, "int", "smk_fit_score", "SMK_Fit__c", "Fit",
             "How well the person fits whom we sell to, 0 to 100.", digits=(3, 0)),
    OurField(PERSON, "@engagement_score", SCORE, "int", "smk_engagement_score", "SMK_Engagement__c", "Engagement",
             "How much the person does, and how lately, 0 to 100.", digits=(3, 0)),
    OurField(PERSON, "@priority", SCORE, "choice", "smk_priority", "SMK_Priority__c", "Priority",
             "A to C for fit, 1 to 3 for engagement: A1 first.", options=PRIORITIES),
    OurField(PERSON, "@win_probability", SCORE, "int", "smk_win_probability", "SMK_Win_Probability__c",
             "Win probability", "The learned chance that a deal is won, in per cent.", digits=(3, 0), shown="percent"),
    OurField(PERSON, "@score_reasons", SCORE, "long_text", "smk_score_reasons", "SMK_Score_Reasons__c",
             "Score reasons", "What speaks for the person and what against, the strongest first.", quiet=True),
    OurField(PERSON, "@score_model", SCORE, "text", "smk_score_model", "", "Score model",
             "How the score came about: rules, or the name of the model.", quiet=True),
    OurField(PERSON, "@scored_at", SCORE, "datetime", "smk_scored_at", "", "Scored",
             "When the score last changed.", quiet=True),
    OurField(PERSON, "@persona", SCORE, "text", "smk_persona", "SMK_Persona__c", "Persona",
             "The first persona of the configuration whose condition the person fulfils."),
    OurField(PERSON, "@job_function", SCORE, "choice", "smk_job_function", "SMK_Job_Function__c", "Job function",
             "What the person does, as the title tells.", options=FUNCTION_NAMES),
    OurField(PERSON, "@job_level", SCORE, "choice", "smk_job_level", "SMK_Job_Level__c", "Job level",
             "How much the person may decide, as the title tells.", options=LEVEL_NAMES),
    OurField(COMPANY, "@account_engagement", SCORE, "int", "smk_account_engagement", "SMK_Account_Engagement__c",
             "Account engagement", "How much the people of the company do, 0 to 100.", digits=(3, 0)),
    OurField(COMPANY, "@hot_people", SCORE, "int", "", "SMK_Hot_People__c", "Hot people",
             "People of the company with the priority A1, A2 or B1."),
    # -- whether they were answered in time ----------------------------------------------------------------------------
    OurField(PERSON, "@first_response_minutes", SLA, "int", "smk_first_response_minutes", "SMK_First_Response_Min__c",
             "First response, minutes", "Working minutes from the hand-off to the first touch by sales."),
    OurField(PERSON, "@lead_type", SLA, "text", "smk_lead_type", "SMK_Lead_Type__c", "Lead type",
             "The type of lead by which the agreement says how soon to answer."),
    OurField(PERSON, "@sla_state", SLA, "choice", "smk_sla_state", "SMK_SLA_State__c", "SLA state",
             "How the agreed time to answer stands.", options=CLOCK_STATES),
    OurField(PERSON, "@sla_due_at", SLA, "datetime", "smk_sla_due_at", "SMK_SLA_Due__c", "SLA due",
             "By when sales should have answered."),
    OurField(PERSON, "@attempts_due", SLA, "int", "", "SMK_Attempts_Due__c", "Attempts due",
             "How many attempts the agreement still asks for."),
)  # fmt: skip


def fields(features: Collection[str], kind: str = "") -> list[OurField]:
    """Those of these features; kind: of this kind alone."""
    return [field for field in FIELDS if field.feature in features and kind in ("", field.kind)]


_KNOWN = {(field.kind, field.name): field for field in FIELDS}


def field(kind: str, name: str) -> OurField | None:
    """The field of this name; None: it is none that we learn."""
    return _KNOWN.get((kind, name))
