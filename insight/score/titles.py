"""What somebody does, and how much they may decide, from the title on their card."""

from __future__ import annotations

import re
from functools import lru_cache

LEVELS: tuple[tuple[str, str], ...] = (
    ("student", r"\b(student|intern|trainee|apprentice|werkstudent\w*|praktikant\w*|azubi|stagiaire|becari[oa])\b"),
    ("staff", r"\b(assistant|assistenz|assistent\w*|secretary) (to|of|der|des)\b|\bexecutive (assistant|secretary)\b"),
    ("vp", r"\b(s?vp|evp|avp|vice[- ]president|vizepr\w+)\b"),
    ("staff", r"\b(account|sales|marketing|customer|support|advertising) executive\b|\bproduct owner\b"),
    (
        "c_level",
        r"\b(c[eftmorpsi]o|cdo|cmo|ciso|cxo|chief|president|owner|co-?founder|founder|proprietor|managing "
        r"(director|partner)|executive director|chair(man|woman|person)?|partner|gesch[äa]e?ftsf[üu]e?hr\w+|inhaber\w*|"
        r"vorstand\w*|g[ée]rante?|pdg|gerente general|principal)\b",
    ),
    ("director", r"\b(director|direktor\w*|directeur|directrice|head of|head|bereichsleit\w+|dean|director[ae]?)\b"),
    (
        "manager",
        r"\b(manager\w*|lead|leader|supervisor|coordinator|team ?leit\w+|\w*leit(er|erin|ung)|responsable|jefe|chef|"
        r"superintendent|controller)\b",
    ),
)
"""(level, pattern), the first that fits counts; a title that fits none is `staff`."""

FUNCTIONS: tuple[tuple[str, str], ...] = (
    (
        "human_resources",
        r"\bhr\b|human resources|recruit|talent|people (operations|officer|partner)|personal(leit|ref)",
    ),
    ("legal", r"\blegal\b|lawyer|attorney|counsel|compliance|jurist|datenschutz|privacy"),
    ("finance", r"\bcfo\b|financ|account(ant|ing|s )|controll|treasur|audit|\btax\b|buchhalt|bookkeep|finanz"),
    ("purchasing", r"purchas|procure|buyer|sourcing|einkauf|achat"),
    ("support", r"customer (success|service|support|care)|\bsupport|help ?desk|kundendienst"),
    ("marketing", r"\bcmo\b|marketing|brand|content|\bseo\b|communicat|advertis|demand gen|growth|press|social media"),
    ("sales", r"\bcro\b|\bsales|business development|\bbdr\b|\bsdr\b|account (executive|manager)|revenue|vertrieb"),
    ("product", r"\bcpo\b|product|\bux\b|design"),
    (
        "it",
        r"\bc[it]o\b|\bciso\b|\bit\b|information (technology|systems|security)|software|developer|engineer|devops"
        r"|\bdata\b|system(s)? admin|architect|technolog|technical|entwickl",
    ),
    ("operations", r"\bcoo\b|operation|logistic|supply|production|plant|manufactur|quality|facilit|project|produktion"),
    ("education", r"professor|teacher|lecturer|student|researcher|scientist|\bdean\b|lehrer|dozent"),
    (
        "executive",
        r"\bceo\b|chief executive|president|owner|founder|proprietor|managing (director|partner)|executive director|"
        r"gesch[äa]e?ftsf[üu]e?hr|inhaber|vorstand|chair|\bg[ée]rante?\b|\bpdg\b|gerente general|^partner$|principal",
    ),
)
"""(function, pattern), the first that fits counts; a title that fits none is `other`."""

_LEVELS = [(name, re.compile(pattern, re.IGNORECASE)) for name, pattern in LEVELS]
_FUNCTIONS = [(name, re.compile(pattern, re.IGNORECASE)) for name, pattern in FUNCTIONS]
LEVEL_NAMES = ("c_level", "vp", "director", "manager", "staff", "student")
FUNCTION_NAMES = (*(name for name, _ in FUNCTIONS), "other")


@lru_cache(maxsize=65536)
def job(title: str) -> tuple[str | None, str | None]:
    """(function, level) of a title; (None, None) of a blank one."""
    words = " ".join(title.split())
    if not words:
        return None, None
    level = next((name for name, pattern in _LEVELS if pattern.search(words)), "staff")
    # "Vice president" is no president, whatever the patterns of the chief say.
    area = re.sub(r"\b(vice[- ]president|vp)\b", "", words, flags=re.IGNORECASE)
    return next((name for name, pattern in _FUNCTIONS if pattern.search(area)), "other"), level
