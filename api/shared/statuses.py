"""Names of HTTP statuses after RFC 9110, the same under every version of Python."""

from http import HTTPStatus

# Python before 3.13 has older phrases; error codes would depend on the version of Python.
_RENAMED = {
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
}


def phrase_of(status: int) -> str:
    """Reason phrase of the status, such as `Content Too Large`."""
    return _RENAMED.get(status) or HTTPStatus(status).phrase


def code_of(status: int) -> str:
    """Error code of the status, such as `CONTENT_TOO_LARGE`."""
    return _RENAMED[status].upper().replace(" ", "_") if status in _RENAMED else HTTPStatus(status).name
