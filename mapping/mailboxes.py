"""What an address says of a person's role and company, and the domains that say nothing: everybody's."""

from __future__ import annotations

FREE_MAIL = frozenset(
    {
        "126.com", "163.com", "aol.com", "bluewin.ch", "btinternet.com", "comcast.net", "fastmail.com", "free.fr",
        "gmail.com", "gmx.at", "gmx.ch", "gmx.com", "gmx.de", "gmx.net", "googlemail.com", "hey.com", "hotmail.co.uk",
        "hotmail.com", "hotmail.fr", "icloud.com", "laposte.net", "libero.it", "live.com", "mac.com", "mail.com",
        "mail.ru", "me.com", "msn.com", "naver.com", "orange.fr", "outlook.com", "outlook.de", "proton.me",
        "protonmail.com", "qq.com", "rediffmail.com", "rocketmail.com", "t-online.de", "uol.com.br", "verizon.net",
        "wanadoo.fr", "web.de", "yahoo.co.jp", "yahoo.co.uk", "yahoo.com", "yahoo.de", "yahoo.fr", "yandex.ru",
        "ymail.com", "zoho.com",
    }
)  # fmt: skip
"""Domains whose addresses name no company."""


def local_part(email: str) -> str:
    """What stands before the @, without a plus tag."""
    return email.rpartition("@")[0].partition("+")[0]


def company_domain(email: str) -> str | None:
    """The domain of an address, unless it is everybody's."""
    domain = email.rpartition("@")[2]
    return domain if domain and domain not in FREE_MAIL else None
