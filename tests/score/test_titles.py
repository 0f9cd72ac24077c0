"""Forty titles as they stand on cards: what the person does, and how much they may decide."""

from __future__ import annotations

import pytest

from insight.score.titles import FUNCTION_NAMES, LEVEL_NAMES, job

TITLES = """
CEO | executive | c_level
Chief Executive Officer | executive | c_level
Founder & CEO | executive | c_level
Owner | executive | c_level
Managing Director | executive | c_level
Geschäftsführer | executive | c_level
Inhaberin | executive | c_level
President | executive | c_level
CFO | finance | c_level
Chief Financial Officer | finance | c_level
CTO | it | c_level
Chief Marketing Officer | marketing | c_level
Vice President Sales | sales | vp
SVP, Global Marketing | marketing | vp
VP of Engineering | it | vp
Vice President | other | vp
Director of IT | it | director
Sales Director | sales | director
Head of Procurement | purchasing | director
Director, Human Resources | human_resources | director
Bereichsleiter Vertrieb | sales | director
Marketing Manager | marketing | manager
Product Manager | product | manager
Plant Manager | operations | manager
Customer Success Manager | support | manager
Account Manager | sales | manager
Einkaufsleiter | purchasing | manager
Team Lead Software Development | it | manager
Financial Controller | finance | manager
Account Executive | sales | staff
Product Owner | product | staff
Software Engineer | it | staff
Assistant to the CEO | executive | staff
Executive Assistant | other | staff
Legal Counsel | legal | staff
Recruiter | human_resources | staff
Accountant | finance | staff
Buyer | purchasing | staff
Marketing Intern | marketing | student
Student | education | student
Werkstudentin Marketing | marketing | student
Beekeeper | other | staff
"""
TABLE = [tuple(cell.strip() for cell in line.split("|")) for line in TITLES.strip().splitlines()]


def test_the_table_is_long_enough() -> None:
    assert len(TABLE) >= 40


@pytest.mark.parametrize(("title", "function", "level"), TABLE)
def test_a_title_tells_function_and_level(title: str, function: str, level: str) -> None:
    assert job(title) == (function, level)
    assert function in FUNCTION_NAMES
    assert level in LEVEL_NAMES


def test_case_and_space_say_nothing() -> None:
    assert job("  sales   DIRECTOR ") == job("Sales Director")


def test_no_title_tells_nothing() -> None:
    assert job("  ") == (None, None)
