from base64 import urlsafe_b64encode

import pytest

from infra.transfers.addresses import github_ids, site_of


@pytest.mark.parametrize(
    ("address", "site"),
    [
        ("https://Jira.Example.org/rest/api/2/issue/1", "jira.example.org"),
        ("https://jira.example.org:443/x", "jira.example.org"),
        ("http://jira.example.org.:8080/x", "jira.example.org:8080"),
        ("https://ann:secret@jira.example.org/x", "jira.example.org"),
        ("https://api.github.com/repos/a/b/issues/1", "github.com"),
        ("https://github.com/a/b/issues/1", "github.com"),
        ("https://api.atlassian.com/ex/jira/1a-2b/rest/api/3/issue/1", "api.atlassian.com/ex/jira/1a-2b"),
        ("https://example.org/ex/jira/1a-2b/rest", "example.org"),
        ("ftp://example.org/", None),
        ("https:///x", None),
        ("https://[::1/x", None),
        ("https://example.org:99999/x", None),
        (f"https://{'a' * 300}/x", None),
        ("example.org", None),
        ("", None),
        (None, None),
        (7, None),
    ],
)
def test_the_site_is_the_host_of_an_address(address: object, site: str | None) -> None:
    assert site_of(address) == site


def encoded(packed: bytes) -> str:
    return urlsafe_b64encode(packed).decode().rstrip("=")


@pytest.mark.parametrize(
    ("node_id", "ids"),
    [
        ("MDU6SXNzdWU2MDYxMTI=", ("I 606112", None)),
        (encoded(b"011:PullRequest38"), ("PR 38", None)),
        ("I_" + encoded(b"\x93\x00\xce\x00\x01\x00\x00\xcd\x01\x02"), ("I 258", "65536")),
        ("PR_" + encoded(b"\x93\x00\x05\x06"), ("PR 6", "5")),
        ("U_" + encoded(b"\x92\x00\x05"), ("U 5", None)),
        ("MDQ6VXNlcjU=", ("U 5", None)),
        ("I_" + encoded(b"\x93\x00\xce\x00"), (None, None)),
        ("I_" + encoded(b"\x93\x00\x05"), (None, None)),
        ("I_" + encoded(b"\x92\x05\x06\x07"), (None, None)),
        ("I_" + encoded(b"\x93\x00\x05\xa3abc"), (None, None)),
        ("I_" + encoded(b"\x93\x01\x05\x06"), (None, None)),
        (encoded(b"05:Gist5"), (None, None)),
        ("I_a", (None, None)),
        ("x", (None, None)),
        ("\u00fc" * 9, (None, None)),
        ("", (None, None)),
        (5, (None, None)),
        (None, (None, None)),
    ],
)
def test_both_forms_of_a_github_id_tell_the_same_number(node_id: object, ids: tuple[str | None, str | None]) -> None:
    assert github_ids(node_id) == ids
