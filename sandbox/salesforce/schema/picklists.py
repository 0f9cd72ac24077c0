"""The values a new org is born with."""

from __future__ import annotations

from typing import NamedTuple

from sandbox.salesforce.schema.model import PickValue


class LeadStatusValue(NamedTuple):
    value: str
    converted: bool
    default: bool = False


class StageValue(NamedTuple):
    value: str
    probability: int
    forecast: str
    closed: bool = False
    won: bool = False


class TaskStatusValue(NamedTuple):
    value: str
    closed: bool = False
    default: bool = False


LEAD_STATUSES = (
    LeadStatusValue("Open - Not Contacted", False, True),
    LeadStatusValue("Working - Contacted", False),
    LeadStatusValue("Closed - Converted", True),
    LeadStatusValue("Closed - Not Converted", False),
)
STAGES = (
    StageValue("Prospecting", 10, "Pipeline"),
    StageValue("Qualification", 10, "Pipeline"),
    StageValue("Needs Analysis", 20, "Pipeline"),
    StageValue("Value Proposition", 50, "Pipeline"),
    StageValue("Id. Decision Makers", 60, "Pipeline"),
    StageValue("Perception Analysis", 70, "Pipeline"),
    StageValue("Proposal/Price Quote", 75, "Pipeline"),
    StageValue("Negotiation/Review", 90, "Pipeline"),
    StageValue("Closed Won", 100, "Closed", True, True),
    StageValue("Closed Lost", 0, "Omitted", True, False),
)
TASK_STATUSES = (
    TaskStatusValue("Not Started", default=True),
    TaskStatusValue("In Progress"),
    TaskStatusValue("Completed", closed=True),
    TaskStatusValue("Waiting on someone else"),
    TaskStatusValue("Deferred"),
)
CAMPAIGN_MEMBER_STATUSES = (("Sent", False), ("Responded", True))
"""What every new campaign starts with: status, whether it counts as a response."""

SALUTATIONS = ("Mr.", "Ms.", "Mrs.", "Dr.", "Prof.", "Mx.")
LEAD_SOURCES = ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other")
RATINGS = ("Hot", "Warm", "Cold")
INDUSTRIES = (
    "Agriculture", "Apparel", "Banking", "Biotechnology", "Chemicals", "Communications", "Construction", "Consulting",
    "Education", "Electronics", "Energy", "Engineering", "Entertainment", "Environmental", "Finance", "Food & Beverage",
    "Government", "Healthcare", "Hospitality", "Insurance", "Machinery", "Manufacturing", "Media", "Not For Profit",
    "Recreation", "Retail", "Shipping", "Technology", "Telecommunications", "Transportation", "Utilities", "Other",
)  # fmt: skip
ACCOUNT_TYPES = (
    "Prospect", "Customer - Direct", "Customer - Channel", "Channel Partner / Reseller", "Installation Partner",
    "Technology Partner", "Other",
)  # fmt: skip
OWNERSHIPS = ("Public", "Private", "Subsidiary", "Other")
OPPORTUNITY_TYPES = (
    "Existing Customer - Upgrade", "Existing Customer - Replacement", "Existing Customer - Downgrade", "New Customer",
)  # fmt: skip
FORECASTS = ("Omitted", "Pipeline", "Best Case", "Commit", "Closed")
CONTACT_ROLES = (
    "Business User", "Decision Maker", "Economic Buyer", "Economic Decision Maker", "Evaluator", "Executive Sponsor",
    "Influencer", "Technical Buyer", "Other",
)  # fmt: skip
TASK_SUBJECTS = ("Call", "Send Letter", "Send Quote", "Other")
EVENT_SUBJECTS = ("Call", "Email", "Meeting", "Send Letter/Quote", "Other")
PRIORITIES = ("High", "Normal", "Low")
TASK_TYPES = ("Call", "Email", "Meeting", "Other")
TASK_SUBTYPES = ("Task", "Email", "List Email", "Cadence", "Call", "LinkedIn")
CALL_TYPES = ("Internal", "Inbound", "Outbound")
CAMPAIGN_TYPES = (
    "Conference", "Webinar", "Trade Show", "Public Relations", "Partners", "Referral Program", "Advertisement",
    "Banner Ads", "Direct Mail", "Email", "Telemarketing", "Other",
)  # fmt: skip
CAMPAIGN_STATUSES = ("Planned", "In Progress", "Completed", "Aborted")
CLEAN_STATUSES = (
    PickValue("Matched", "In Sync"),
    PickValue("Different", "Different"),
    PickValue("Acknowledged", "Reviewed"),
    PickValue("NotFound", "Not Found"),
    PickValue("Inactive", "Inactive"),
    PickValue("Pending", "Not Compared"),
    PickValue("SelectMatch", "Select Match"),
    PickValue("Skipped", "Skipped"),
)
