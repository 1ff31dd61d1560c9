"""Comparison of a server's answers with Workgraph's."""

import base64
import difflib
import http.client
import json
import re
from typing import Any

from benchmarks.failures import BenchmarkError
from benchmarks.load import Request

ANSWER_SECONDS = 30.0
MOST_LINES = 60
_UTC = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00")


def ask(port: int, request: Request) -> bytes:
    """The body of the answer; raises BenchmarkError unless its status is 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
    try:
        connection.request(request.method, request.path, request.body.encode() or None, dict(request.headers))
        response = connection.getresponse()
        body = response.read()
    finally:
        connection.close()
    if response.status != http.client.OK:
        raise BenchmarkError(f"{request.path}: status {response.status}\n{body.decode(errors='replace')[:2000]}")
    return body


def data_of(body: bytes) -> Any:
    """`data` of a GraphQL answer; raises BenchmarkError if the answer has errors."""
    answer = json.loads(body)
    if answer.get("errors") or answer.get("data") is None:
        raise BenchmarkError(f"The answer is an error:\n{json.dumps(answer)[:2000]}")
    return answer["data"]


def with_plain_cursors(data: Any) -> Any:
    """Data with each `endCursor` reduced to its position, since the rest of a cursor may differ between servers."""
    if isinstance(data, list):
        return [with_plain_cursors(item) for item in data]
    if isinstance(data, dict):
        return {
            key: _place(value) if key == "endCursor" and value else with_plain_cursors(value)
            for key, value in data.items()
        }
    return data


def _place(cursor: str) -> list[Any]:
    packed: list[Any] = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    # The first sort key and the ID. Workgraph completes a sort by the time of creation; endpoints by hand may not.
    return [packed[2], packed[-1]]


def with_zulu_times(data: Any) -> Any:
    """Data with moments that end in `Z`, for libraries that write UTC as `+00:00`."""
    if isinstance(data, list):
        return [with_zulu_times(item) for item in data]
    if isinstance(data, dict):
        return {key: with_zulu_times(value) for key, value in data.items()}
    if isinstance(data, str) and _UTC.fullmatch(data):
        return data.removesuffix("+00:00") + "Z"
    return data


def without_cursors(data: Any) -> Any:
    """Data with each `endCursor` reduced to whether it exists, for servers whose cursors cannot be read."""
    if isinstance(data, list):
        return [without_cursors(item) for item in data]
    if isinstance(data, dict):
        return {key: bool(value) if key == "endCursor" else without_cursors(value) for key, value in data.items()}
    return data


def require_same(expected: Any, found: Any, *, server: str, operation: str) -> None:
    """Raises BenchmarkError with the difference between two answers, including a different order of fields."""
    wanted, got = (json.dumps(data, indent=1, ensure_ascii=False).splitlines() for data in (expected, found))
    if wanted != got:
        difference = list(difflib.unified_diff(wanted, got, "Workgraph", server, lineterm="", n=2))
        raise BenchmarkError("\n".join([f"{server} answers {operation} differently:", *difference[:MOST_LINES]]))
