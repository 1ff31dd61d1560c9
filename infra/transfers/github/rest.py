"""Conversion of issues from GitHub's REST API and command line to the names of an archive."""

from collections.abc import Mapping

from domain.shared.checks import COLOR
from domain.transfers.records import LabelRecord, LossCode
from infra.transfers.addresses import github_ids
from infra.transfers.github import members as kinds
from infra.transfers.members import ObjectKind, kind
from infra.transfers.reading import LARGEST_NUMBER, LONGEST_LABEL, Reading

_NAMES = {
    "user": "author",
    "state_reason": "stateReason",
    "author_association": "authorAssociation",
    "created_at": "createdAt",
    "updated_at": "updatedAt",
    "closed_at": "closedAt",
    "merged_at": "mergedAt",
}

_USER = kind("user", "id", "login", "node_id")
_PULL = kind("pull_request", "merged_at")


def as_archived(
    reading: Reading, fields: dict[str, object], member: str
) -> tuple[dict[str, object], str, Mapping[str, LabelRecord]]:
    """The issue in archive form, the name of its list in an archive, and its labels."""
    found = _renamed(fields)
    pull, address, labels = found.get("pull_request"), found.get("url"), found.get("labels")
    changes: dict[str, object] = {}
    if isinstance(pull, dict):
        reading.note_unused(_PULL, pull)
        changes["mergedAt"] = pull.get("merged_at") or found.get("mergedAt")
    if "created_at" in fields and changes.get("mergedAt", found.get("mergedAt")):
        changes["state"] = "MERGED"
    described = {}
    if isinstance(labels, list) and any(isinstance(label, dict) for label in labels):
        records = [label_of(reading, label) for label in labels if isinstance(label, dict)]
        described = {record.name: record for record in records}
        changes["labels"] = [_plain(reading, label, kinds.LABEL, "name") for label in labels]
    if isinstance(assignees := found.get("assignees"), list):
        changes["assignees"] = [_plain(reading, assignee, _USER) for assignee in assignees]
    changes["author"] = _plain(reading, found.get("author"), _USER)
    changes["comments"] = _comments(reading, found.get("comments"))
    is_pull = member == "pulls" or isinstance(pull, dict) or (isinstance(address, str) and "/pull/" in address)
    found.update(changes)
    return found, "pulls" if is_pull else "issues", described


def label_of(reading: Reading, fields: Mapping[str, object]) -> LabelRecord:
    """A label with its color if the color is valid. The id, if any, is a GraphQL id or a database number."""
    color = "#" + reading.name("labels.color", fields.get("color")).lower()
    return LabelRecord(
        name=reading.name("labels", fields.get("name"), longest=LONGEST_LABEL),
        color=color if COLOR.fullmatch(color) else None,
        description=reading.name("labels.description", fields.get("description")),
        external_id=_database_id(fields, "LA"),
    )


def _database_id(fields: Mapping[str, object], prefix: str) -> str | None:
    """The object's number in GitHub's database: the REST API's `id`, or part of the GraphQL id."""
    node_id, number = fields.get("node_id"), fields.get("id")
    return f"{prefix} {number}" if type(number) is int else github_ids(node_id or number)[0]


def _renamed(fields: dict[str, object]) -> dict[str, object]:
    """The object with the member names of an archive; unchanged if it already has them."""
    if "created_at" not in fields:
        return fields
    found = {_NAMES.get(name, name): value for name, value in fields.items() if name not in ("html_url", "node_id")}
    # Archives use web addresses and GraphQL IDs, so prefer these.
    for name, better in (("url", "html_url"), ("id", "node_id")):
        if better in fields:
            found[name] = fields[better]
    reactions = found.get("reactions")
    if isinstance(reactions, dict) and not reactions.get("total_count"):
        del found["reactions"]
    return found


def _plain(reading: Reading, value: object, of_kind: ObjectKind, name: str = "login") -> object:
    """The name of a person or label; archives have the name instead of an object."""
    if not isinstance(value, dict):
        return value
    reading.note_unused(of_kind, value)
    found = value.get(name)
    if of_kind is _USER and isinstance(found, str) and (user_id := _database_id(value, "U")):
        reading.person_ids[found.strip()] = user_id
    return found


def _comments(reading: Reading, value: object) -> object:
    """Comments in archive form. The REST API gives only their number."""
    if isinstance(value, int) and not isinstance(value, bool):
        if value > 0:
            reason = "The file counts comments but does not contain them."
            reading.lose("comments", LossCode.INCOMPLETE, reason, count=min(value, LARGEST_NUMBER))
        return []
    if not isinstance(value, list):
        return value
    return [_comment(reading, comment) if isinstance(comment, dict) else comment for comment in value]


def _comment(reading: Reading, fields: dict[str, object]) -> dict[str, object]:
    found = _renamed(fields)
    if isinstance(author := found.get("author"), dict):
        found["author"] = _plain(reading, author, _USER)
    return found
