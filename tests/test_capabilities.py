"""What the practice of sales and marketing asks for, each with the tests that show it, or why it is left out."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

HERE = Path(__file__).parent


class Row(NamedTuple):
    """One thing asked for."""

    what: str
    tests: tuple[str, ...] = ()
    """FILE::TEST, below tests/."""
    missing: str = ""
    """What of it is not served, and why."""


def row(what: str, *tests: str, missing: str = "") -> Row:
    return Row(what, tests, missing)


ROWS = (
    # -- one pool of data ----------------------------------------------------------------------------------------------
    row(
        "a check says whether the loop is closed",
        "faults/test_check.py::test_the_loop_is_not_closed_where_sales_people_are_linked_with_nobody",
        missing="reports are not switched off while it is open: they show their denominators",
    ),
    row(
        "each mapped field is seen on both records",
        "laws/test_mapping.py::test_every_stage_that_is_written_is_read_back",
        "learning/test_fields.py::test_each_is_one_field_in_every_place",
    ),
    row("nothing of a vendor in the core", "conformance/test_laws.py::*", "test_tidy.py::test_the_middle_is_pure"),
    row(
        "links, stages, touches and outcomes in one store",
        "privacy/test_privacy.py::test_an_export_tells_every_record_value_link_and_write",
        missing="no SQL views: reports and exports read the state",
    ),
    row("two-way sync on a schedule", "scenarios/test_scenarios.py::*", "faults/test_check.py::test_how_often_a_day"),
    row(
        "duplicates found and reported",
        "laws/test_match.py::test_duplicates_are_found_without_a_counterpart",
        "laws/test_match.py::test_the_primary_record_is_chosen_in_a_fixed_order_with_its_reason",
    ),
    row(
        "segments as plain fields",
        "score/test_scoring.py::test_persona_function_and_level_stand_on_both_records",
        "faults/test_check.py::test_lists_that_the_sync_needs_follow_its_fields",
    ),
    row("the last five interests", "learning/test_rollups.py::test_recent_interest_is_the_five_newest_of_nine"),
    row(
        "one history from first touch on",
        "learning/test_learning.py::test_what_was_done_by_who_is_merged_away_is_the_survivors",
        "learning/test_learning.py::test_calls_by_sales_show_on_both",
    ),
    # -- lead intelligence ---------------------------------------------------------------------------------------------
    row("behaviour on the sales record", "learning/test_behaviour.py::test_what_she_read_shows_on_the_lead"),
    row("visits", "learning/test_rollups.py::test_visits_are_views_with_a_pause_between"),
    row("content looked at", "learning/test_rollups.py::test_content_is_the_last_ten_titles_each_address_once"),
    row(
        "opens, not those of machines",
        "learning/test_rollups.py::test_what_machines_open_counts_for_nothing",
        "learning/test_behaviour.py::test_who_opens_at_once_is_a_machine",
    ),
    row("clicks", "learning/test_rollups.py::test_it_tells_the_fields_there_are_and_each_fits"),
    row("fit with its reasons", "score/test_engagement.py::test_rules_add_up_and_say_why"),
    row(
        "function and level from the title; pain points",
        "score/test_titles.py::test_a_title_tells_function_and_level",
        "learning/test_qualifying.py::test_what_to_show_next_is_never_what_was_seen",
    ),
    row(
        "buying role on both sides",
        "learning/test_qualifying.py::test_a_buying_role_goes_both_ways_without_an_echo",
        missing="a contact's role in one opportunity is not carried: it belongs to that deal, not to the person",
    ),
    row(
        "sales is told what its accounts do",
        "alerts/test_tasks.py::test_the_week_of_a_colleague_lists_only_what_they_own",
    ),
    row("needs without content", "reports/test_practice.py::test_a_need_of_five_to_which_nothing_answers_is_a_gap"),
    # -- alerts --------------------------------------------------------------------------------------------------------
    row(
        "a visit alerts once",
        "alerts/test_alerts.py::test_the_same_is_told_again_only_when_it_cooled_down_or_weighs_more",
    ),
    row(
        "a form alerts with its context",
        "alerts/test_alerts.py::test_what_is_told",
        "alerts/test_alerts.py::test_what_a_colleague_reads_before_calling",
    ),
    row(
        "mail, chat, text message, task",
        "alerts/test_telling.py::test_mail_and_webhook_are_told_and_the_manager_of_a_broken_promise_too",
    ),
    row(
        "no call after an e-book",
        "alerts/test_alerts.py::test_low_intent_events_never_ask_for_a_call_and_stand_in_the_list_of_the_next_morning",
        "alerts/test_tasks.py::test_low_intent_events_never_create_call_tasks",
    ),
    row(
        "early warnings",
        "sla/test_clock.py::test_every_state_is_reached",
        "alerts/test_telling.py::test_a_breach_is_a_task_for_the_owner_once_and_stays_in_salesforce",
    ),
    # -- touches, status, outcomes -------------------------------------------------------------------------------------
    row(
        "sales touches counted", "learning/test_rollups.py::test_three_calls_and_a_mail_by_automation_are_three_touches"
    ),
    row("qualified or not, with the reason", "laws/test_journey.py::test_a_reason_comes_from_the_closed_list"),
    row(
        "revenue per lead, and ROI from a cost table",
        "learning/test_outcomes.py::test_the_shares_of_its_people_are_the_whole_deal",
        "reports/test_practice.py::test_the_return_of_a_campaign_needs_its_cost",
    ),
    row("quality graded by sales, reasons by source", "reports/test_reports.py::test_quality_as_sales_sees_it"),
    row(
        "not ready goes back to marketing",
        "sla/test_handoffs.py::test_nobody_owes_an_answer_while_the_person_is_sent_away",
        "laws/test_journey.py::test_a_new_cycle_forgets_the_times_of_the_old_one_and_enters_every_stage_again",
    ),
    row(
        "won and lost by what led there",
        "reports/test_reports.py::test_outcomes_and_why_deals_were_lost",
        "reports/test_reports.py::test_sources_and_what_they_brought",
    ),
    row(
        "outcomes teach the score, behind a guard",
        "score/test_learning.py::test_a_challenger_must_be_better_by_more_than_chance",
    ),
    row(
        "budget, timing and need on the record",
        "learning/test_qualifying.py::test_who_is_out_of_our_area_is_no_sql_and_the_reason_is_shown",
    ),
    # -- funnel and hand-off -------------------------------------------------------------------------------------------
    row(
        "a vocabulary with owners and both mappings",
        "laws/test_definitions.py::test_the_page_names_every_stage_status_reason_and_entry_rule",
    ),
    row(
        "who contradicts it",
        "laws/test_definitions.py::test_two_sides_contradict_each_other_where_one_could_say_what_the_other_says",
    ),
    row(
        "entry rules are conditions",
        "laws/test_definitions.py::test_an_entry_rule_is_broken_by_whoever_stands_there_without_fulfilling_it",
        missing="they check and name people; they never move a stage: people and the systems' own rules do",
    ),
    row(
        "an SQL is in the area and has means",
        "learning/test_qualifying.py::test_who_is_out_of_our_area_is_no_sql_and_the_reason_is_shown",
        missing="it is named, not set back: a person said so in the CRM",
    ),
    row(
        "MQL to SQL by persona",
        "reports/test_practice.py::test_each_persona_stands_beside_those_of_none_and_the_span_before",
        "reports/test_reports.py::test_the_funnel_can_be_divided",
    ),
    row(
        "stages and the buyer's way",
        "laws/test_definitions.py::test_the_page_names_every_stage_status_reason_and_entry_rule",
    ),
    row(
        "hand-offs with a deadline",
        "sla/test_handoffs.py::test_each_cycle_is_a_hand_off_and_its_day_says_what_was_promised",
    ),
    row("dropped hand-offs", "reports/test_promises.py::test_hand_offs_are_dropped_in_four_ways_and_each_is_listed"),
    row("hand-off by fit and engagement", "score/test_engagement.py::test_hot_are_three_of_the_nine"),
    row("funnel strict and inferred", "reports/test_reports.py::test_a_skipped_stage_counts_as_inferred_alone"),
    row(
        "personas and those of none",
        "reports/test_practice.py::test_each_persona_stands_beside_those_of_none_and_the_span_before",
    ),
    row(
        "customers and open deals are left alone",
        "alerts/test_alerts.py::test_nothing_is_ever_told_about_who_must_be_left_alone",
        "learning/test_learning.py::test_with_whom_sales_is_at_work_is_left_alone_by_marketing",
    ),
    # -- scoring -------------------------------------------------------------------------------------------------------
    row(
        "the score's history",
        "explain/test_why.py::test_what_the_sync_wrote_names_the_run_the_time_and_the_reason",
        missing="every written score is journaled with its time; there is no table of it by cycle",
    ),
    row(
        "learned from outcomes, path included",
        "score/test_learning.py::test_many_outcomes_teach_a_regression_that_finds_what_was_planted",
        "score/test_learning.py::test_a_step_that_was_planted_raises_the_probability",
    ),
    row(
        "two axes, one of which fades",
        "score/test_engagement.py::test_two_half_lives_leave_a_quarter",
        "score/test_scorer.py::test_time_changes_engagement_and_never_fit",
    ),
    row(
        "few outcomes teach little",
        "score/test_learning.py::test_the_ladder",
        "score/test_learning.py::test_twelve_won_deals_teach_nothing_and_it_says_what_is_missing",
    ),
    row("what sets winners apart", "reports/test_practice.py::test_the_profile_of_who_was_won_has_its_lift"),
    row("default points in their order", "score/test_engagement.py::test_defaults_stand_in_the_agreed_order"),
    row(
        "budget counts",
        "score/test_engagement.py::test_rules_add_up_and_say_why",
        missing="no rule by default: budget_band is known to [score] fit where [insight] qualification is on",
    ),
    row(
        "who to call next",
        "score/test_engagement.py::test_more_is_never_less_urgent",
        "faults/test_check.py::test_lists_that_the_sync_needs_follow_its_fields",
    ),
    row(
        "rates that drift",
        "reports/test_practice.py::test_a_rate_that_drops_alerts_in_the_second_quarter",
        "alerts/test_monthly.py::test_marketing_and_every_manager_are_told_what_is_for_both_teams",
    ),
    # -- promises ------------------------------------------------------------------------------------------------------
    row(
        "an agreement in versions",
        "sla/test_handoffs.py::test_each_cycle_is_a_hand_off_and_its_day_says_what_was_promised",
    ),
    row(
        "targets with pace and projection",
        "reports/test_promises.py::test_a_target_in_the_middle_of_its_period_has_a_pace",
    ),
    row(
        "attempts by type of lead",
        "sla/test_clock.py::test_attempts_that_count_lie_apart_and_no_more_could_count",
        "sla/test_clock.py::test_five_attempts_in_one_way_alone_still_owe_the_other",
    ),
    row("too few attempts are listed", "sla/test_clock.py::test_two_attempts_of_five_after_two_weeks_are_too_few"),
    row("from revenue to leads", "sla/test_goals.py::test_walking_the_chain_forward_leads_to_the_revenue"),
    row(
        "nurturing as part of the load",
        "reports/test_practice.py::test_who_was_sent_back_is_in_view_until_won_or_given_up",
        "reports/test_promises.py::test_the_quota_says_what_nurturing_so_many_leads_takes",
    ),
    row("goals that add up", "sla/test_goals.py::test_a_goal_that_does_not_add_up_is_told_with_the_difference"),
    row(
        "leads that each colleague needs",
        "sla/test_goals.py::test_a_colleague_needs_leads_for_what_they_do_not_find_themselves",
    ),
    row(
        "capacity and load",
        "sla/test_goals.py::test_capacity_is_what_the_days_allow",
        "reports/test_promises.py::test_too_many_open_leads_for_a_colleague_are_flagged",
    ),
    row(
        "what sales finds itself",
        "sla/test_goals.py::test_a_colleague_needs_leads_for_what_they_do_not_find_themselves",
        missing="taken from [goals]: the CRM does not say reliably who found a lead",
    ),
    row(
        "share won, deal size, days to close",
        "reports/test_reports.py::test_deals_won_before_the_first_contact_are_kept_and_flagged",
    ),
    row("sources of good leads", "reports/test_reports.py::test_the_rows_add_up_to_the_total"),
    row(
        "the same number on a page and in CSV",
        "endtoend/test_reports.py::test_every_number_leads_to_its_records_in_every_format",
    ),
    row(
        "low, on track, ahead: with advice",
        "sla/test_handoffs.py::test_low_names_the_best_lever_that_still_fits_the_period",
        "sla/test_handoffs.py::test_on_track_starts_the_next_and_ahead_keeps_some_back",
    ),
    row(
        "a monthly page with questions",
        "reports/test_promises.py::test_a_review_says_every_number_with_its_meaning_and_asks_five_questions",
        "endtoend/test_reports.py::test_the_page_of_the_review_holds_pages_and_content",
        "reports/test_reports.py::test_what_was_frozen_thaws_as_it_was",
        "alerts/test_monthly.py::test_the_review_is_told_on_the_first_working_day_and_stays_as_it_was",
    ),
    row(
        "both sides on one page",
        "reports/test_promises.py::test_clocks_by_owner",
        "reports/test_promises.py::test_a_target_is_counted_by_its_stage_and_its_period",
    ),
    row(
        "wished and held meetings, once each",
        "reports/test_practice.py::test_a_wish_for_a_meeting_and_the_meeting",
        "reports/test_promises.py::test_who_meets_sales_counts_once_for_a_target_of_meetings",
    ),
    row(
        "nurtured people who ask for a demo",
        "reports/test_practice.py::test_who_was_sent_back_is_in_view_until_won_or_given_up",
    ),
    row("who stays, who buys more", "reports/test_practice.py::test_who_bought_again"),
    row("even yields", "reports/test_practice.py::test_even_yields_have_no_spread_and_uneven_ones_have"),
    row("from visits to revenue", "reports/test_practice.py::test_neither_end_of_the_funnel_is_shown_alone"),
    row(
        "nobody sent back is lost from view",
        "reports/test_practice.py::test_who_was_sent_back_is_in_view_until_won_or_given_up",
    ),
    # -- content and campaigns -----------------------------------------------------------------------------------------
    row("content before conversion", "reports/test_reports.py::test_a_view_after_the_deal_was_made_counts_for_nothing"),
    row("landing pages", "endtoend/test_reports.py::test_pages_are_those_of_the_files"),
    row(
        "traits of good content",
        "reports/test_reports.py::test_a_view_after_the_deal_was_made_counts_for_nothing",
        "reports/test_reports.py::test_content_by_a_trait_counts_who_saw_any_piece_of_it",
    ),
    row(
        "what to show next",
        "reports/test_practice.py::test_what_was_seen_is_never_suggested",
        "learning/test_qualifying.py::test_what_to_show_next_is_never_what_was_seen",
    ),
    row(
        "questions that sales hears", "reports/test_practice.py::test_a_need_of_five_to_which_nothing_answers_is_a_gap"
    ),
    row("a list of content", "reports/test_practice.py::test_tables_are_read_and_a_wrong_line_is_named"),
    row(
        "which campaigns earn",
        "reports/test_practice.py::test_campaigns_give_away_the_revenue_and_no_more",
        "attribution/test_attribution.py::test_the_credits_of_a_deal_add_up_to_the_cent",
    ),
    row(
        "figures shared by both teams", "endtoend/test_reports.py::test_the_page_of_the_review_holds_pages_and_content"
    ),
    row(
        "whether a campaign meets its audience",
        "reports/test_practice.py::test_the_return_of_a_campaign_needs_its_cost",
    ),
    row(
        "new and failing personas",
        "reports/test_practice.py::test_each_persona_stands_beside_those_of_none_and_the_span_before",
    ),
    row(
        "a dictionary of numbers",
        "reports/test_practice.py::test_no_number_is_shown_without_an_entry_in_the_dictionary",
    ),
)


@cache
def _tests(path: Path) -> frozenset[str]:
    """The names of the tests of a file."""
    tree = ast.parse(path.read_text("utf-8"))
    return frozenset(
        node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


@pytest.mark.parametrize("asked", ROWS, ids=lambda asked: asked.what.replace(" ", "_"))
def test_what_practice_asks_for_is_shown_by_a_test(asked: Row) -> None:
    assert asked.tests or asked.missing
    for node in asked.tests:
        file, _, name = node.partition("::")
        assert (HERE / file).is_file(), f"{node}: there is no such file"
        names = _tests(HERE / file)
        assert names if name == "*" else name in names, f"{node}: there is no such test"
