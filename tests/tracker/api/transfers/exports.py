"""Hand-written exports."""

import gzip
import json
from collections.abc import AsyncIterator, Iterable
from typing import Any

JOE = {"name": "joe", "key": "joe", "displayName": "Jo Doe", "active": True}
JO = {"name": "jo", "key": "jo", "displayName": "Jo Doe", "active": False}


def time_of(day: int) -> str:
    return f"2013-04-{day:02}T22:31:21.000+0000"


def comment(key: str, body: str, *, author: dict[str, Any] | None = JOE, day: int = 12) -> dict[str, Any]:
    return {"id": key, "author": author, "body": body, "created": time_of(day), "updated": time_of(day)}


def issue(number: int, *, comments: Iterable[dict[str, Any]] = (), **fields: Any) -> dict[str, Any]:
    """A line of a Jira export, as an object."""
    said = list(comments)
    return {
        "id": str(number),
        "key": f"AC-{number}",
        "fields": {
            "project": {"id": "1", "key": "AC", "name": "Acme"},
            "issuetype": {"id": "1", "name": "Bug", "subtask": False},
            "summary": f"Issue {number}",
            "description": "Text",
            "status": {"id": "1", "name": "Open", "statusCategory": {"id": 2, "key": "new"}},
            "priority": {"id": "3", "name": "High"},
            "labels": ["alpha"],
            "assignee": JOE,
            "creator": JO,
            "reporter": JO,
            "created": time_of(11),
            "updated": time_of(13),
            "comment": {"comments": said, "total": len(said), "maxResults": len(said), "startAt": 0},
            **fields,
        },
    }


def lines(*objects: Any) -> bytes:
    """Objects as lines of JSON; bytes as they are."""
    return b"".join((each if isinstance(each, bytes) else json.dumps(each).encode()) + b"\n" for each in objects)


def packed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


async def chunks(content: bytes, *, size: int = 1000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]
