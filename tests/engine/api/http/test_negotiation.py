import pytest

from api.http.negotiation import JSON_TYPE, RESPONSE_TYPE, answer_type, is_page_wanted


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, JSON_TYPE),
        ("", JSON_TYPE),
        ("*/*", JSON_TYPE),
        ("application/*", JSON_TYPE),
        ("application/json", JSON_TYPE),
        ("application/json; charset=utf-8", JSON_TYPE),
        ("application/graphql-response+json", RESPONSE_TYPE),
        ("application/graphql-response+json; charset=utf-8, application/json; charset=utf-8", RESPONSE_TYPE),
        ("application/json, application/graphql-response+json", RESPONSE_TYPE),
        ("Application/GraphQL-Response+JSON", RESPONSE_TYPE),
        ("application/graphql-response+json;q=0.5, application/json", JSON_TYPE),
        ("application/graphql-response+json, application/json;q=0.9", RESPONSE_TYPE),
        ("application/graphql-response+json;q=0, */*", JSON_TYPE),
        ("application/json;q=0, */*", RESPONSE_TYPE),
        ("application/json;q=0", None),
        ("*/*;q=0", None),
        ("application/json;q=nonsense", None),
        ("application/json;q=7", None),
        ("text/html", None),
        ("text/html, */*;q=0.1", JSON_TYPE),
        (",,;q=,", None),
    ],
)
def test_the_media_type_follows_the_accept_header(accept: str | None, expected: str | None) -> None:
    assert answer_type(None if accept is None else accept.encode()) == expected


@pytest.mark.parametrize(
    ("accept", "expected"),
    [("text/html,*/*;q=0.8", True), ("*/*", False), ("text/html;q=0", False), ("application/json", False)],
)
def test_browsers_are_known_by_asking_for_a_page(accept: str, expected: bool) -> None:
    assert is_page_wanted(accept.encode()) is expected
