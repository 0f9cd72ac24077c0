"""The properties that every portal has, in a table: `name | label | kind [options] | flags | group`.

Kinds: text area html number date datetime phone bool owner select radio checkbox; flags: r read-only,
c calculated, u unique, h hidden.  Names and options are those of the guides "Contacts", "Companies", "Deals" and of
the engagement guides.
"""

from __future__ import annotations

from sandbox.hubspot.choices import DEAL_STAGES, OPTIONS, STAGES
from sandbox.hubspot.schema import TYPES, Group, ObjectSchema, Option, Property

_KINDS = {
    "text": ("string", "text"),
    "area": ("string", "textarea"),
    "html": ("string", "html"),
    "number": ("number", "number"),
    "date": ("date", "date"),
    "datetime": ("datetime", "date"),
    "phone": ("string", "phonenumber"),
    "bool": ("bool", "booleancheckbox"),
    "owner": ("enumeration", "select"),
    "select": ("enumeration", "select"),
    "radio": ("enumeration", "radio"),
    "checkbox": ("enumeration", "checkbox"),
}

_COMMON = """
hs_object_id|Record ID|number|r u
hs_createdate|Object create date/time|datetime|r
hs_lastmodifieddate|Object last modified date/time|datetime|r
hs_object_source|Record creation source|text|r
hs_object_source_id|Record creation source ID|text|r
hs_object_source_label|Record source|text|r
hs_merged_object_ids|Merged record IDs|text|r
hs_updated_by_user_id|Updated by user ID|number|r
hs_created_by_user_id|Created by user ID|number|r
hs_pipeline|Pipeline|text|
hubspot_owner_id|Owner|owner|
hubspot_owner_assigneddate|Owner assigned date|datetime|r
hubspot_team_id|HubSpot team|text|r
"""

_CONTACTS = """
createdate|Create Date|datetime|r
lastmodifieddate|Last Modified Date|datetime|r
email|Email|text|u
hs_additional_emails|Additional email addresses|area|
hs_email_domain|Email Domain|text|c
firstname|First Name|text|
lastname|Last Name|text|
salutation|Salutation|text|
jobtitle|Job Title|text|
job_function|Job function|text|
seniority|Seniority|text|
phone|Phone Number|phone|
mobilephone|Mobile Phone Number|phone|
fax|Fax Number|text|
hs_calculated_phone_number|Calculated Phone Number|text|c
hs_searchable_calculated_phone_number|Calculated Phone Number for search|text|c h
company|Company Name|text|
companysize|Company size|text|
associatedcompanyid|Primary Associated Company ID|number|c
website|Website URL|text|
address|Street Address|text|
city|City|text|
state|State/Region|text|
zip|Postal Code|text|
country|Country/Region|text|
hs_country_region_code|Country/Region Code|text|
hs_language|Preferred language|text|
hs_timezone|Time zone|text|
industry|Industry|text|
annualrevenue|Annual Revenue|text|
numemployees|Number of Employees|text|
date_of_birth|Date of birth|text|
start_date|Start date|text|
message|Message|area|
hs_linkedin_url|LinkedIn URL|text|
twitterhandle|Twitter Username|text|
lifecyclestage|Lifecycle Stage|radio:stages|
hs_lead_status|Lead Status|radio:lead_status|
hs_persona|Persona|text|
hs_marketable_status|Marketing contact status|select:marketable|r
hs_legal_basis|Legal basis for processing contact's data|checkbox:legal|
hs_email_optout|Unsubscribed from all email|bool|r
hs_email_quarantined|Email address quarantine|bool|r
hs_email_bad_address|Invalid email address|bool|r
hs_email_hard_bounce_reason_enum|Email hard bounce reason|text|r
hs_email_customer_quarantined_reason|Email address quarantine reason|text|r
hs_all_contact_vids|All vids for a contact|text|r h
hs_calculated_merged_vids|Merged vids with timestamps of a contact|text|r h
hs_is_unworked|Contact unworked|bool|c
hs_is_contact|Is a contact|bool|r h
hs_analytics_source|Original Traffic Source|select:source|r
hs_analytics_source_data_1|Original Traffic Source Drill-Down 1|text|r
hs_analytics_source_data_2|Original Traffic Source Drill-Down 2|text|r
hs_latest_source|Latest Traffic Source|select:source|r
hs_latest_source_timestamp|Latest Traffic Source Date|datetime|r
hs_analytics_num_page_views|Number of Pageviews|number|r
hs_analytics_num_visits|Number of Sessions|number|r
hs_analytics_num_event_completions|Number of event completions|number|r
hs_analytics_first_timestamp|Time First Seen|datetime|r
hs_analytics_last_timestamp|Time Last Seen|datetime|r
hs_analytics_last_visit_timestamp|Time of Last Session|datetime|r
hs_analytics_first_url|First Page Seen|text|r
hs_analytics_last_url|Last Page Seen|text|r
hs_analytics_first_referrer|First Referring Site|text|r
hs_email_open|Marketing emails opened|number|r
hs_email_click|Marketing emails clicked|number|r
hs_email_delivered|Marketing emails delivered|number|r
hs_email_bounce|Marketing emails bounced|number|r
hs_email_replied|Marketing emails replied|number|r
hs_email_first_open_date|First marketing email open date|datetime|r
hs_email_last_open_date|Last marketing email open date|datetime|r
hs_email_first_click_date|First marketing email click date|datetime|r
hs_email_last_click_date|Last marketing email click date|datetime|r
hs_email_last_send_date|Last marketing email send date|datetime|r
hs_email_last_email_name|Last marketing email name|text|r
first_conversion_date|First Conversion Date|datetime|r
first_conversion_event_name|First Conversion|text|r
recent_conversion_date|Recent Conversion Date|datetime|r
recent_conversion_event_name|Recent Conversion|text|r
num_conversion_events|Number of Form Submissions|number|r
num_unique_conversion_events|Number of Unique Forms Submitted|number|r
hs_calculated_form_submissions|All form submissions for a contact|text|r h
hs_sa_first_engagement_date|Date of first engagement|datetime|r
notes_last_contacted|Last Contacted|datetime|r
notes_last_updated|Last Activity Date|datetime|r
notes_next_activity_date|Next Activity Date|datetime|r
num_contacted_notes|Number of times contacted|number|r
num_notes|Number of Sales Activities|number|r
num_associated_deals|Number of Associated Deals|number|r
hs_last_sales_activity_timestamp|Last Engagement Date|datetime|r
hs_sales_email_last_opened|Recent Sales Email Opened Date|datetime|r
hs_sales_email_last_clicked|Recent Sales Email Clicked Date|datetime|r
hs_sales_email_last_replied|Recent Sales Email Replied Date|datetime|r
hs_latest_meeting_activity|Latest meeting activity|datetime|r
hs_sequences_is_enrolled|Currently in Sequence|bool|r
hubspotscore|HubSpot Score|number|c
hs_predictivecontactscore_v2|Likelihood to close|number|c
hs_predictivescoringtier|Contact priority|select:score_tier|c
hs_v2_date_entered_current_stage|Date entered current stage|datetime|c
closedate|Close Date|datetime|
gclid|Google ad click id|text|r h
hs_google_click_id|Google click id|text|r
ip_city|IP City|text|r
ip_country|IP Country|text|r
ip_country_code|IP Country Code|text|r
"""

_COMPANIES = """
createdate|Create Date|datetime|r
name|Company name|text|
domain|Company Domain Name|text|
hs_additional_domains|Additional Domains|area|
website|Website URL|text|
phone|Phone Number|phone|
description|Description|area|
address|Street Address|text|
address2|Street Address 2|text|
city|City|text|
state|State/Region|text|
zip|Postal Code|text|
country|Country/Region|text|
hs_country_code|Country code|text|
industry|Industry|select:industry|
type|Type|select:company_type|
numberofemployees|Number of Employees|number|
annualrevenue|Annual Revenue|number|
founded_year|Year Founded|text|
timezone|Time Zone|text|
linkedin_company_page|LinkedIn Company Page|text|
twitterhandle|Twitter Handle|text|
lifecyclestage|Lifecycle Stage|radio:stages|
hs_lead_status|Lead Status|radio:lead_status|
hs_parent_company_id|Parent Company|number|c
hs_num_child_companies|Number of child companies|number|c
num_associated_contacts|Number of Associated Contacts|number|c
num_associated_deals|Number of Associated Deals|number|c
hs_ideal_customer_profile|Ideal Customer Profile Tier|text|
hs_target_account|Target Account|text|
hs_is_target_account|Target Account flag|bool|
hs_analytics_source|Original Traffic Source|select:source|r
hs_analytics_num_page_views|Number of Pageviews|number|r
notes_last_contacted|Last Contacted|datetime|r
notes_last_updated|Last Activity Date|datetime|r
hs_v2_date_entered_current_stage|Date entered current stage|datetime|c
"""

_DEALS = """
createdate|Create Date|datetime|
dealname|Deal Name|text|
amount|Amount|number|
amount_in_home_currency|Amount in company currency|number|c
deal_currency_code|Currency|select:currency|
closedate|Close Date|datetime|
pipeline|Pipeline|select:deal_pipelines|
dealstage|Deal Stage|radio:deal_stages|
dealtype|Deal Type|radio:deal_type|
description|Deal Description|area|
closed_lost_reason|Closed Lost Reason|area|
closed_won_reason|Closed Won Reason|area|
hs_priority|Priority|select:priority|
hs_next_step|Next step|text|
hs_is_closed|Is Deal Closed?|bool|c
hs_is_closed_won|Is Closed Won|bool|c
hs_is_closed_lost|Is closed lost|bool|c
hs_deal_stage_probability|Deal probability|number|c
hs_forecast_amount|Forecast amount|number|
hs_projected_amount|Weighted amount|number|c
days_to_close|Days to close|number|c
num_associated_contacts|Number of Associated Contacts|number|c
hs_primary_associated_company|Primary Associated Company|number|c
hs_analytics_source|Original Traffic Source|select:source|r
notes_last_contacted|Last Contacted|datetime|r
hs_v2_date_entered_current_stage|Date entered current stage|datetime|c
"""

_ACTIVITY = """
hs_timestamp|Activity date|datetime|
hs_attachment_ids|Attached file IDs|text|
hs_activity_type|Activity type|text|
hs_body_preview|Body preview|text|r
hs_unique_id|Unique id|text|
"""

_CALLS = """
hs_call_title|Call Title|text|
hs_call_body|Call notes|html|
hs_call_direction|Call direction|select:call_direction|
hs_call_status|Call status|select:call_status|
hs_call_duration|Call duration|number|
hs_call_disposition|Call outcome|select:disposition|
hs_call_from_number|From number|phone|
hs_call_to_number|To number|phone|
hs_call_recording_url|Recording URL|text|
hs_call_source|Call source|text|
"""

_EMAILS = """
hs_email_direction|Email direction|select:email_direction|
hs_email_status|Email send status|select:email_status|
hs_email_subject|Email subject|text|
hs_email_text|Email body|area|
hs_email_html|Email HTML body|html|
hs_email_headers|Email headers|area|
hs_email_from_email|Email from address|text|r
hs_email_from_firstname|Email from first name|text|r
hs_email_from_lastname|Email from last name|text|r
hs_email_to_email|Email to address|text|r
hs_email_to_firstname|Email to first name|text|r
hs_email_to_lastname|Email to last name|text|r
hs_email_open_count|Number of email opens|number|c
hs_email_click_count|Number of email clicks|number|c
hs_email_reply_count|Number of email replies|number|c
hs_email_thread_id|Email thread ID|text|
hs_email_message_id|Email message ID|text|
"""

_MEETINGS = """
hs_meeting_title|Meeting name|text|
hs_meeting_body|Meeting description|html|
hs_internal_meeting_notes|Internal meeting notes|html|
hs_meeting_start_time|Meeting start time|datetime|
hs_meeting_end_time|Meeting end time|datetime|
hs_meeting_location|Meeting location|text|
hs_meeting_external_url|Meeting external URL|text|
hs_meeting_outcome|Meeting outcome|select:meeting_outcome|
hs_meeting_source|Meeting source|text|r
"""

_NOTES = "hs_note_body|Note body|html|"

_TASKS = """
hs_task_subject|Task title|text|
hs_task_body|Task notes|html|
hs_task_status|Task status|select:task_status|
hs_task_priority|Task priority|select:task_priority|
hs_task_type|Task type|select:task_type|
hs_task_reminders|Task reminders|text|
hs_task_completion_date|Completed at|datetime|r
hs_task_is_completed|Is completed|number|c
"""

_LEADS = """
hs_lead_name|Lead name|text|
hs_lead_type|Lead type|select:lead_type|
hs_lead_label|Lead label|select:lead_label|
hs_pipeline_stage|Lead pipeline stage|select:lead_stages|
hs_lead_disqualification_reason|Disqualification reason|text|
hs_lead_disqualification_note|Disqualification note|area|
hs_lead_is_open|Lead is open|bool|c
hs_timestamp|Lead date|datetime|
"""

_COMMUNICATIONS = """
hs_communication_channel_type|Channel type|select:channel|
hs_communication_logged_from|Logged from|text|
hs_communication_body|Communication body|html|
"""

_POSTAL_MAIL = "hs_postal_mail_body|Postal mail body|html|"

_MADE = "createdate|Create date|datetime|r"

_TICKETS = """
subject|Ticket name|text|
content|Ticket description|area|
hs_pipeline_stage|Ticket status|select:ticket_stages|
hs_ticket_priority|Priority|select:ticket_priority|
hs_ticket_category|Category|text|
closed_date|Close date|datetime|
"""

_PRODUCTS = """
name|Name|text|
description|Product description|area|
price|Unit price|number|
hs_sku|SKU|text|
hs_cost_of_goods_sold|Unit cost|number|
"""

_LINE_ITEMS = """
name|Name|text|
quantity|Quantity|number|
price|Unit price|number|
amount|Net price|number|c
hs_product_id|Product ID|number|
hs_sku|SKU|text|
"""

_QUOTES = """
hs_title|Quote name|text|
hs_status|Quote status|text|
hs_expiration_date|Expiration date|date|
"""

_DEAL_SPLITS = """
hs_deal_split_amount|Split amount|number|c
hs_deal_split_percentage|Split percentage|number|
"""

_FEEDBACK = """
hs_survey_name|Survey name|text|r
hs_survey_type|Survey type|text|r
hs_value|Rating|number|r
hs_content|Response|area|r
"""

_GOALS = """
hs_goal_name|Goal name|text|
hs_target_amount|Target amount|number|
hs_start_datetime|Start date|datetime|
hs_end_datetime|End date|datetime|
"""

_FORMS = """
hs_form_id|Form ID|text|r
hs_name|Form name|text|r
"""

_USERS = """
hs_email|Email|text|r
hs_given_name|First name|text|r
hs_family_name|Last name|text|r
hs_job_title|Job title|text|
"""

_GROUPS = {
    "contacts": {
        "contactinformation": "Contact information",
        "emailinformation": "Email information",
        "analyticsinformation": "Web analytics history",
        "conversioninformation": "Conversion information",
        "sales_properties": "Sales properties",
        "contactlcs": "Contact Lifecycle Stage Properties",
    },
    "companies": {"companyinformation": "Company information", "companylcs": "Company Lifecycle Stage Properties"},
    "deals": {"dealinformation": "Deal information", "deal_revenue": "Deal revenue"},
    "leads": {"lead": "Lead information"},
    "tickets": {"ticketinformation": "Ticket information"},
    "products": {"productinformation": "Product information"},
    "line_items": {"lineiteminformation": "Line item information"},
    "deal_splits": {"deal_split_information": "Deal split information"},
    "feedback_submissions": {"feedback_submission": "Feedback submission information"},
    "goal_targets": {"goal_target_information": "Goal information"},
    "quotes": {"quotes": "Quote information"},
    "forms": {"form_information": "Form information"},
    "users": {"user_information": "User information"},
}


def _line(line: str, group: str) -> Property:
    name, label, kind, flags = line.split("|")[:4]
    kind, _, choice = kind.partition(":")
    type_, field_type = _KINDS[kind]
    named = OPTIONS["bool"] if kind == "bool" else OPTIONS.get(choice, {})
    return Property(
        name,
        label,
        type_,
        field_type,
        group,
        options=[Option(value, text, order) for order, (value, text) in enumerate(named.items())],
        unique="u" in flags,
        calculated="c" in flags,
        read_only="r" in flags or "c" in flags,
        defined=True,
        hidden="h" in flags,
        owner=kind == "owner",
    )


def _stamps(stages: dict[str, str], group: str, legacy: bool) -> list[Property]:
    """The times at which a record entered and left each stage."""
    out = []
    for name, label in stages.items():
        lines = [f"hs_v2_date_entered_{name}|Date entered {label}|datetime|c"]
        lines.append(f"hs_v2_date_exited_{name}|Date exited {label}|datetime|c")
        if legacy:
            lines.append(f"hs_lifecyclestage_{name}_date|Became a {label} Date|datetime|r")
        out += [_line(text, group) for text in lines]
    return out


def stage_properties(name: str, stage: str, label: str) -> list[Property]:
    """What a new pipeline stage or lifecycle stage brings along."""
    group = next(iter(_GROUPS.get(name, {"engagement": ""})))
    return _stamps({stage: label}, group, False)


def schemas() -> dict[str, ObjectSchema]:
    """A fresh copy of the default properties of every object."""
    tables = {
        "contacts": _CONTACTS,
        "companies": _COMPANIES,
        "deals": _DEALS,
        "calls": _ACTIVITY + _CALLS,
        "emails": _ACTIVITY + _EMAILS,
        "meetings": _ACTIVITY + _MEETINGS,
        "notes": _ACTIVITY + _NOTES,
        "tasks": _ACTIVITY + _TASKS,
        "leads": _LEADS,
        "communications": _ACTIVITY + _COMMUNICATIONS,
        "postal_mail": _ACTIVITY + _POSTAL_MAIL,
        "tickets": _MADE + _TICKETS,
        "products": _MADE + _PRODUCTS,
        "line_items": _MADE + _LINE_ITEMS,
        "deal_splits": _MADE + _DEAL_SPLITS,
        "feedback_submissions": _FEEDBACK,
        "goal_targets": _GOALS,
        "quotes": _MADE + _QUOTES,
        "forms": _FORMS,
        "users": _USERS,
    }
    out = {}
    for name, type_ in TYPES.items():
        groups = _GROUPS.get(name, {"engagement": "Engagement information"})
        first = next(iter(groups))
        lines = [line for line in (_COMMON + tables[name]).splitlines() if line]
        properties = [_line(line, first) for line in lines]
        if name in ("contacts", "companies"):
            properties += _stamps(STAGES, first, True)
        if name == "deals":
            properties += _stamps({k: v[0] for k, v in DEAL_STAGES.items()}, first, False)
        out[name] = ObjectSchema(type_, properties, [Group(g, label) for g, label in groups.items()])
    return out
