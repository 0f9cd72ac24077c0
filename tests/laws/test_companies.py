"""Whose website it is, and what companies are matched by."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from publicsuffixlist import PublicSuffixList

from connectors.port import Field
from mapping.codecs import MisfitError, to_native
from mapping.domains import PLATFORMS, company_site, host, plain_name, registered
from mapping.mailboxes import FREE_MAIL
from mapping.values import decode

SUFFIXES = PublicSuffixList()
LABELS = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)
HOSTS = st.builds(lambda name, end: f"{name}.{end}", LABELS, st.sampled_from(["com", "de", "co.uk", "example"])).filter(
    lambda name: registered(name) not in PLATFORMS
)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("acme.com", "acme.com"),
        ("https://www.acme.com/en/about?x=1#top", "acme.com"),
        ("HTTP://ACME.COM:8080", "acme.com"),
        ("//acme.com", "acme.com"),
        (" shop.acme.co.uk. ", "shop.acme.co.uk"),
        ("info@acme.com", "acme.com"),
        ("https://müller.de", "xn--mller-kva.de"),
        ("linkedin.com/company/acme", None),
        ("https://de.linkedin.com/company/acme", None),
        ("www.com", "www.com"),
        ("https://www.co.uk/", "www.co.uk"),
        ("none", None),
        ("n/a", None),
        ("10.0.0.1", None),
        ("acme com", None),
        ("", None),
    ],
)
def test_the_host_of_what_people_type(typed: str, found: str | None) -> None:
    assert host(typed) == found


@given(
    HOSTS,
    st.sampled_from(["", "http://", "https://", "//"]),
    st.sampled_from(["", "www."]),
    st.text("/?#ab", max_size=5),
)
def test_how_a_website_is_typed_changes_nothing(name: str, scheme: str, www: str, rest: str) -> None:
    path = rest if rest[:1] in ("", "/", "?", "#") else f"/{rest}"
    assert decode("domain", f"{scheme}{www}{name}{path}") == decode("domain", name)


@given(HOSTS)
def test_what_is_written_and_read_back_is_the_same_website(name: str) -> None:
    own = decode("domain", name)
    assert decode("domain", to_native("domain", own, Field("Website", "Website", "url"))) == own


@given(st.text(max_size=20))
def test_reading_never_fails_and_only_hosts_are_written(typed: str) -> None:
    own = decode("domain", typed)
    if own is not None and host(str(own)) != own:
        with pytest.raises(MisfitError):
            to_native("domain", own, Field("Website", "Website", "url"))


@given(HOSTS.filter(lambda name: not SUFFIXES.is_public(name)), LABELS)
def test_a_subdomain_belongs_to_who_registered_the_domain(name: str, label: str) -> None:
    assert registered(f"{label}.{name}") == registered(name)


def test_a_mail_provider_is_nobody_s_company() -> None:
    assert not [name for name in FREE_MAIL if company_site(name) is not None]
    assert company_site("acme.com") == "acme.com"


@pytest.mark.parametrize("typed", ["ACME Homes GmbH", "Acme  homes", "acmé homes, Inc.", "The Acme Homes Co."])
def test_names_are_compared_without_case_accents_and_legal_form(typed: str) -> None:
    assert plain_name(typed) == "acme homes"


def test_a_name_of_legal_forms_alone_is_no_name() -> None:
    assert plain_name("The Company & Co. KG") == ""
