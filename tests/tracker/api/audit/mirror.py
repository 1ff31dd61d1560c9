"""A copy of a workspace that is kept from its change log alone, and its comparison with the API."""

from datetime import datetime
from typing import Any

from graphql import GraphQLObjectType, get_named_type, is_leaf_type, is_list_type, is_object_type

from api.schema import schema
from tests.client import Client

Values = tuple[str, ...] | None
"""Values of a field as the log has them: texts, or None."""

CHANGES = """query ($slug: String!, $after: Revision!) { workspace(slug: $slug) { changes(after: $after, first: 500) {
  upTo hasMore
  events { revision kind subjectId projectId occurredAt changeSet changes { field before after } } } } }"""

KINDS = {
    "com": "Comment",
    "inv": "Invitation",
    "iss": "Issue",
    "lab": "Label",
    "mem": "Member",
    "mil": "Milestone",
    "pmb": "ProjectMember",
    "prj": "Project",
    "sta": "State",
    "wsp": "Workspace",
}
"""Types of objects that the log tells whole, by the prefix of their IDs."""

NOT_MIRRORED = {
    "BatchRun": "progress of a job",
    "ImportRun": "progress of a job",
    "User": "an account, which belongs to no workspace",
}
"""Types of objects that the log does not tell -> why."""

NOT_COMPARED = {
    "Invitation.email": "an address of a person",
    "Invitation.workspace": "the log's workspace",
    "Issue.identifier": "derived from the key of the project and the number",
    "Issue.previousIdentifiers": "derived from numbers before moves and from former keys of projects",
    "Member.workspace": "the log's workspace",
    "Project.states": "compared as states",
    "Project.workspace": "the log's workspace",
    "Workspace.changesBeginAt": "the log's own",
    "Workspace.revision": "the log's own",
}
"""`Type.field` that is not in the events -> why."""

LOGGED_AS = {"Invitation.projects": "projectIds"}
"""Name in the log of a field that is neither the field's own nor that with `Id`."""

CONTENTS = {
    "PROJECT_DELETED": "projectId",
    "ISSUE_PURGED": "issueId",
    "MEMBER_REMOVED": "memberId",
}
"""Kinds of events that stand for the deletion of the contents too, and the field of the contents with the container."""


class Mirror:
    """Objects by ID, with their values by the name of the field in the log."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Values]] = {}
        self.gone: set[str] = set()
        self.revision = 0

    def of(self, prefix: str) -> list[str]:
        return [each for each in self.objects if each.startswith(prefix)]

    def value(self, entity_id: str, field: str) -> str | None:
        values = self.objects[entity_id].get(field)
        return values[0] if values else None

    async def catch_up(self, client: Client, slug: str) -> list[dict[str, Any]]:
        """Reads the log to its end, and returns the new events."""
        found: list[dict[str, Any]] = []
        has_more = True
        while has_more:
            batch = (await client.run(CHANGES, slug=slug, after=self.revision))["workspace"]["changes"]
            for event in batch["events"]:
                self._apply(event)
            found += batch["events"]
            self.revision, has_more = batch["upTo"], batch["hasMore"]
        return found

    def _apply(self, event: dict[str, Any]) -> None:
        subject, kind = event["subjectId"], event["kind"]
        if subject[:3] not in KINDS or kind in ("BATCH_STARTED", "CHANGE_SET_UNDONE"):
            return
        if kind.endswith(("_DELETED", "_REMOVED", "_PURGED")) and kind != "COMMENT_DELETED":
            self._remove(subject, CONTENTS.get(kind))
            return
        values = self.objects.setdefault(subject, {})
        self.gone.discard(subject)
        moment = (event["occurredAt"],)
        values.setdefault("createdAt", moment)
        values["updatedAt"] = moment
        if event["projectId"] is not None and kind != "ISSUE_MOVED":
            values["projectId"] = (event["projectId"],)
        for change in event["changes"]:
            values[change["field"]] = None if change["after"] is None else tuple(change["after"])

    def _remove(self, subject: str, contained: str | None) -> None:
        inside = [each for each in self.objects if contained and self.value(each, contained) == subject]
        for each in inside:
            self._remove(each, "issueId" if each.startswith("iss") else None)
        self.objects.pop(subject, None)
        self.gone.add(subject)

    async def differences(self, client: Client) -> list[str]:
        """Fields whose values differ from those of the API, by `Type.field`, and objects that one side lacks."""
        found: list[str] = []
        for prefix, kind in KINDS.items():
            ids = sorted(each for each in (*self.objects, *self.gone) if each.startswith(prefix))
            for start in range(0, len(ids), 100):
                some = ids[start : start + 100]
                nodes = (await client.run(QUERIES[kind], ids=some))["nodes"]
                for entity_id, node in zip(some, nodes, strict=True):
                    found += self._differences_of(entity_id, node)
        return found

    def _differences_of(self, entity_id: str, node: dict[str, Any] | None) -> list[str]:
        kind = KINDS[entity_id[:3]]
        values = self.objects.get(entity_id)
        if node is None or values is None:
            return [] if node is values else [f"{kind} {entity_id} is {'gone' if node is None else 'there'}"]
        told = []
        for field, name in COMPARED[kind].items():
            stored, mirrored = texts_of(node[field]), normal(self._existing(name, values.get(name)))
            if stored != mirrored:
                told.append(f"{kind}.{field} of {entity_id} is {stored}, and {mirrored} in the log ({name})")
        return told

    def _existing(self, name: str, values: Values) -> Values:
        """The values; of an invitation's projects those that PROJECT_DELETED has not removed since."""
        return tuple(each for each in values if each in self.objects) if name == "projectIds" and values else values


def _compared(kind: str) -> dict[str, str]:
    """Fields of the type that are compared, with their names in the log."""
    described = schema._schema.type_map[kind]
    assert isinstance(described, GraphQLObjectType)
    found = {}
    for name, field in described.fields.items():
        inner = get_named_type(field.type)
        is_plain = not field.args and not inner.name.endswith("Connection")
        if name == "id" or not is_plain or f"{kind}.{name}" in NOT_COMPARED:
            continue
        is_one = is_object_type(inner) and not is_list_type(getattr(field.type, "of_type", field.type))
        found[name] = LOGGED_AS.get(f"{kind}.{name}", f"{name}Id" if is_one else name)
    return found


COMPARED = {kind: _compared(kind) for kind in KINDS.values()}


def _query(kind: str) -> str:
    described = schema._schema.type_map[kind]
    assert isinstance(described, GraphQLObjectType)
    selected = [
        name if is_leaf_type(get_named_type(described.fields[name].type)) else f"{name} {{ id }}"
        for name in COMPARED[kind]
    ]
    return f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on {kind} {{ {' '.join(selected)} }} }} }}"


QUERIES = {kind: _query(kind) for kind in COMPARED}


def texts_of(value: Any) -> Values:
    """A value of the API as the log has it."""
    if value is None:
        return None
    if isinstance(value, list):
        return normal(tuple(text for each in value for text in texts_of(each) or ()))
    if isinstance(value, dict):
        return (value["id"],)
    return normal((("true" if value else "false") if isinstance(value, bool) else str(value),))


def normal(values: Values) -> Values:
    """The values with times in one form; an empty collection is no value."""
    return tuple(sorted(map(_text, values))) if values else None


def _text(text: str) -> str:
    if len(text) > 19 and text[10] == "T":
        return datetime.fromisoformat(text).isoformat()
    return text
