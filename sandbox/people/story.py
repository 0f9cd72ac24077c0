"""The story behind the numbers: a home-building company, the people who ask about its houses, and how far they came.

Vocabulary of both systems side by side: where people come from, which life cycle stage they have reached and what the
sales status of the same person then is.  Tables are spelt out by weight, so that one random number picks an entry.
"""

from __future__ import annotations

from typing import NamedTuple

DAY = 86_400_000


class Mix(NamedTuple):
    """What a population is made of.  The first three are shares of all people and sum to 1."""

    both: float = 0.40
    hubspot_only: float = 0.35
    salesforce_only: float = 0.25
    dirty: float = 0.45
    """Share of people with something wrong or odd in at least one field."""
    differing: float = 0.35
    """Share of those in both systems whose two records differ in some field."""
    years: int = 6
    """How far back records go."""
    employers: float = 1 / 15
    """For each person; to these come the accounts of those who buy for themselves."""
    deals: float = 0.0
    """For each person, over both systems: filled up where the people bring fewer of their own."""
    activities: float = 0.0
    """Likewise."""


MIX = Mix()
STORY = Mix(employers=0.112, deals=0.3, activities=3.0)
"""The business of a company that has been at it for years: 10,000 people in 2,000 companies, with 3,000 deals and
30,000 activities."""
STORY_FOR = range(1_000, 100_001)
"""Numbers of people for whom the story is told in full.  Fewer are for trying things out at once, and of more the
activities alone would not find room in the memory of most machines."""


def mix_of(people: int) -> Mix:
    """What the stand-ins are made of for so many people."""
    return STORY if people in STORY_FOR else MIX


class Source(NamedTuple):
    """Where somebody came from, in both systems' words."""

    hubspot: str
    """hs_analytics_source"""
    detail: str
    """hs_analytics_source_data_1"""
    salesforce: str
    """LeadSource"""
    page: str
    """First page seen; empty for sources that are not on the web."""
    form: str
    """recent_conversion_event_name; empty for no form."""


SOURCES: tuple[Source, ...] = tuple(
    source
    for weight, source in (
        (
            14,
            Source(
                "ORGANIC_SEARCH", "Unknown keywords (SSL)", "Web", "/house-types", "House types: Download the catalogue"
            ),
        ),
        (12, Source("PAID_SEARCH", "new homes near me", "Web", "/plots", "Plots: Ask for the plot list")),
        (10, Source("DIRECT_TRAFFIC", "", "Web", "/", "Contact us: Contact form")),
        (9, Source("OFFLINE", "INTEGRATION", "Model Home Visit", "", "Model home: Visitor book")),
        (
            8,
            Source(
                "REFERRALS", "homes-portal.example", "Property Portal", "/plots/lakeside", "Lakeside: Book a viewing"
            ),
        ),
        (7, Source("SOCIAL_MEDIA", "Facebook", "Web", "/stories", "")),
        (6, Source("PAID_SOCIAL", "Instagram", "Advertisement", "/offers/spring", "Spring offer: Call me back")),
        (6, Source("EMAIL_MARKETING", "Spring newsletter", "Web", "/news", "Newsletter: Subscribe")),
        (6, Source("OFFLINE", "IMPORT", "Trade Show", "", "Home fair: Competition card")),
        (5, Source("OFFLINE", "CRM_UI", "Phone Inquiry", "", "")),
        (5, Source("OFFLINE", "CRM_UI", "Partner Referral", "", "")),
        (4, Source("REFERRALS", "brokers.example", "Broker", "/for-brokers", "Brokers: Register a client")),
        (3, Source("OTHER_CAMPAIGNS", "poster-qr", "Other", "/qr/model-home", "")),
        (2, Source("OFFLINE", "IMPORT", "Purchased List", "", "")),
        (3, Source("OFFLINE", "INTEGRATION", "Employee Referral", "", "")),
    )
    for _ in range(weight)
)

ODD_SOURCES = (
    "Builders' Expo 2019",
    "web",
    "WEB - old form",
    "Word of mouth",
    "???",
    "Import_2017-03_FINAL_v2",
    "Messe München",
)
"""LeadSource values that no list on the other side knows."""

ODD_INDUSTRIES = ("Bau & Handwerk", "construction ", "RealEstate/Investments", "n.a.", "0")


def _weighted(**weights: int) -> tuple[str, ...]:
    return tuple(name for name, weight in weights.items() for _ in range(weight))


STAGES_HUBSPOT_ONLY = _weighted(
    subscriber=30, lead=54, marketingqualifiedlead=9, salesqualifiedlead=2, opportunity=1, customer=2, other=2
)
STAGES_IN_CRM = _weighted(
    subscriber=1, lead=9, marketingqualifiedlead=34, salesqualifiedlead=24, opportunity=13, customer=17, evangelist=2
)

RANKS = {
    "subscriber": 0, "lead": 1, "other": 1, "marketingqualifiedlead": 2, "salesqualifiedlead": 3, "opportunity": 4,
    "customer": 5, "evangelist": 5,
}  # fmt: skip
"""How far each stage is along: people further on have been seen more often, and come from better sources."""
BEST_SOURCES = ("Model Home Visit", "Property Portal", "Partner Referral", "Employee Referral", "Broker")
GOOD = tuple(source for source in SOURCES if source.salesforce in BEST_SOURCES)

LEAD_STATUS: dict[str, tuple[str, ...]] = {
    "subscriber": ("Open - Not Contacted",),
    "lead": ("Open - Not Contacted",) * 4 + ("Closed - Not Converted",),
    "marketingqualifiedlead": ("Open - Not Contacted",) * 6
    + ("Working - Contacted",) * 3
    + ("Closed - Not Converted",),
    "salesqualifiedlead": ("Working - Contacted",) * 8 + ("Open - Not Contacted", "Closed - Not Converted"),
}
"""Salesforce Lead.Status for a life cycle stage, mostly consistent; stages that are missing here are converted."""
ANY_LEAD_STATUS = ("Open - Not Contacted", "Working - Contacted", "Closed - Not Converted")

HUBSPOT_LEAD_STATUS: dict[str, tuple[str, ...]] = {
    "Open - Not Contacted": ("NEW", "OPEN", "ATTEMPTED_TO_CONTACT"),
    "Working - Contacted": ("IN_PROGRESS", "CONNECTED", "OPEN_DEAL"),
    "Closed - Not Converted": ("UNQUALIFIED", "BAD_TIMING"),
}

RATINGS = ("Hot", "Warm", "Warm", "Cold", "Cold", "Cold")
INDUSTRIES = ("Construction", "Engineering", "Finance", "Consulting", "Insurance", "Retail", "Manufacturing", "Other")

WISHES = (
    "Looking for a plot of about 600 sqm near the lake.",
    "Two adults, three children, one dog. Budget around 450k.",
    "Wants to see the model home on a Saturday.",
    "Interested in the Alder type with a south-facing terrace.",
    "Investor: asks for blocks of six flats or more.",
    "Compares us with two other builders; decision by autumn.",
    "Needs financing advice first.",
    "Trade partner: roofing and solar.",
    "Has an own plot, wants a turnkey offer.",
    "Please call after 6 pm.",
)

OPEN_STAGES = ("Prospecting", "Qualification", "Needs Analysis", "Proposal/Price Quote", "Negotiation/Review")
CLOSED_STAGES = ("Closed Won", "Closed Lost")
HOUSES = ("Alder 120", "Birch 140", "Lakeside plot 7", "Terrace row C", "Investor block", "Cedar bungalow")
SUBJECTS = (
    "Price list", "Follow-up on the plot", "Financing", "Documents for the notary", "Extras and finishes", "Reminder",
    "Questions about the ground plan",
)  # fmt: skip
MEETINGS = ("Visit of the model home", "Walk over the plot", "Choice of finishes", "Signing", "Handover")
NOTES = ("Prefers a south-facing terrace.", "Sells a flat first.", "Parents decide as well.", "Wants a heat pump.")
