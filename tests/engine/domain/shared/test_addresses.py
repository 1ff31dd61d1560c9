"""The rule for addresses, as a table; every entry point asks it (tests/platform/api/auth/test_addresses.py)."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.shared.addresses import ascii_domain, is_address, normal_address

GOOD = {
    "ann@example.org": "ann@example.org",
    " Ann@Example.ORG\n": "ann@example.org",
    "a@b.c": "a@b.c",
    "ann+tag@example.org": "ann+tag@example.org",
    "o'hara!#$%&*/=?^_`{|}~-@example.co.uk": "o'hara!#$%&*/=?^_`{|}~-@example.co.uk",
    "a..b.@example.org": "a..b.@example.org",  # some have it, and browsers take it
    "ann@r2---sn-a.example.org": "ann@r2---sn-a.example.org",
    "Zoë@exämple.org": "zoë@exämple.org",
    "Zoe\u0308@example.org": "zoë@example.org",
    "ann@xn--exmple-cua.org": "ann@exämple.org",
    "ann@XN--EXMPLE-CUA.ORG": "ann@exämple.org",
    "ann@faß.de": "ann@faß.de",
    "ann@xn--fa-hia.de": "ann@faß.de",
    "आदि@उदाहरण.भारत": "आदि@उदाहरण.भारत",
    "ann@xn--p1b6ci4b4b3a.xn--h2brj9c": "ann@उदाहरण.भारत",
    "ann@paral·lel.cat": "ann@paral·lel.cat",
    "x" * 64 + "@example.org": "x" * 64 + "@example.org",
    "ä" * 32 + "@example.org": "ä" * 32 + "@example.org",
    "ann@" + "x" * 63 + ".org": "ann@" + "x" * 63 + ".org",
    "ann@" + "x." * 124 + "cc": "ann@" + "x." * 124 + "cc",
}
"""Typed address -> stored address."""

BAD = {
    "no sign": "ann",
    "nothing": "",
    "no name": "@example.org",
    "no domain": "ann@",
    "one label": "a@b",
    "local host": "ann@localhost",
    "literal": "a@[127.0.0.1]",
    "literal of IPv6": "a@[IPv6:::1]",
    "bare literal": "a@127.0.0.1",
    "trailing dot": "ann@example.org.",
    "leading dot": "ann@.example.org",
    "empty label": "ann@example..org",
    "leading hyphen": "ann@-example.org",
    "trailing hyphen": "ann@example-.org",
    "underscore": "ann@exa_mple.org",
    "two signs": "ann@example.org@example.com",
    "quoted name": '"ann smith"@example.org',
    "comment": "ann(work)@example.org",
    "display name": "Ann <ann@example.org>",
    "two addresses": "ann@example.org,eve@example.org",
    "scheme": "mailto:ann@example.org",
    "blank": "ann smith@example.org",
    "NUL": "a\0@example.org",
    "line end": "ann\n@example.org",
    "line separator": "a\u2028b@example.org",
    "surrogate in the name": "\ud800@example.org",
    "surrogate in the domain": "ann@\ud800.org",
    "full-width name": "ａｎｎ@example.org",
    "full-width domain": "ann@ｅｘａｍｐｌｅ.org",
    "full-width sign": "ann＠example.org",
    "full-width dot": "ann@example。org",
    "ligature": "ﬁnn@example.org",
    "long s": "ſam@example.org",
    "zero width": "a\u200bnn@example.org",
    "soft hyphen": "a\u00adnn@example.org",
    "variation selector": "a\ufe0fnn@example.org",
    "override": "ann\u202e@example.org",
    "mark first": "\u0301ann@example.org",
    "emoji": "\U0001f600@example.org",
    "disguise of nothing": "ann@xn--99999999.org",
    "disguise of ASCII": "ann@xn--example-.org",
    "disguise of upper case": "ann@xn--exmple-xna.org",
    "empty disguise": "ann@xn--.org",
    "name of 65 bytes": "x" * 65 + "@example.org",
    "name of 66 bytes": "ä" * 33 + "@example.org",
    "label of 64": "ann@" + "x" * 64 + ".org",
    "label of 64 in ASCII": "ann@" + "ä" * 58 + ".org",
    "255 bytes": "annx@" + "x." * 124 + "cc",
}
"""Names of what is wrong -> an address that has it."""


@pytest.mark.parametrize(("typed", "stored"), GOOD.items(), ids=ascii)
def test_an_address_has_one_normal_form(typed: str, stored: str) -> None:
    assert normal_address(typed) == stored
    assert is_address(stored)


@pytest.mark.parametrize("address", BAD.values(), ids=BAD)
def test_an_invalid_address_is_refused(address: str) -> None:
    assert not is_address(normal_address(address))


def test_only_the_normal_form_is_an_address() -> None:
    assert [typed for typed, stored in GOOD.items() if is_address(typed) is not (typed == stored)] == []


def test_a_name_of_a_domain_is_sent_in_ascii() -> None:
    assert ascii_domain("exämple.org") == "xn--exmple-cua.org"
    assert ascii_domain("[192.0.2.1]") == "[192.0.2.1]"


@given(
    st.text(st.characters(max_codepoint=sys.maxunicode), max_size=8), st.sampled_from(["{}@x.org", "a@{}.org", "{}"])
)
def test_a_normal_form_stays_as_it_is(text: str, shape: str) -> None:
    normal = normal_address(shape.format(text))
    assert normal_address(normal) == normal
