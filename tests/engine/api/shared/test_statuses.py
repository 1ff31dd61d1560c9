from http import HTTPStatus

import pytest

from api.shared.statuses import code_of, phrase_of


@pytest.mark.parametrize(
    ("status", "phrase", "code"),
    [
        (400, "Bad Request", "BAD_REQUEST"),
        (413, "Content Too Large", "CONTENT_TOO_LARGE"),
        (414, "URI Too Long", "URI_TOO_LONG"),
        (416, "Range Not Satisfiable", "RANGE_NOT_SATISFIABLE"),
        (422, "Unprocessable Content", "UNPROCESSABLE_CONTENT"),
        (505, "HTTP Version Not Supported", "HTTP_VERSION_NOT_SUPPORTED"),
    ],
)
def test_names_are_those_of_rfc_9110_under_every_python(status: int, phrase: str, code: str) -> None:
    assert (phrase_of(status), code_of(status)) == (phrase, code)


def test_every_status_has_a_name() -> None:
    assert all(phrase_of(status) and code_of(status) for status in HTTPStatus)
