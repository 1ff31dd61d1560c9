"""FraiseQL makes its schema of JSONB tables: the same questions in its words, and its answers in ours."""

from collections.abc import Mapping
from typing import Any

from benchmarks.answers import with_zulu_times
from benchmarks.operations import REFERENCE, VIEWER

TEXTS: Mapping[str, str] = {
    VIEWER: "{ viewer { id name } }",
    REFERENCE: """{ issues(slug: "acme", limit: 50) {
  id identifier title priority createdAt dueDate state { id name category } project { id key name }
  creator { id name } assignees { id name } labels { id name color }
  comments { totalCount nodes { id body createdAt author { id name } } } } }""",
}


def normalized(data: Any) -> Any:
    """The answer in Workgraph's words."""
    found = with_zulu_times(data)
    return {"workspace": {"issues": {"nodes": found["issues"]}}} if "issues" in found else found


def seen(data: Any) -> Any:
    """Data without `pageInfo`, which its lists do not have, and with the fields of each object in one order."""
    if isinstance(data, list):
        return [seen(item) for item in data]
    if isinstance(data, dict):
        return {key: seen(data[key]) for key in sorted(data) if key != "pageInfo"}
    return data
