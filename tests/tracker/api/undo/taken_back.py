"""Taking back of change sets, and comparison of a workspace with its beginning."""

from typing import Any

from tests.client import Client
from tests.tracker.api.audit.mirror import COMPARED, KINDS, Mirror, Values, normal

RESULTS = """results { index subjectId changes { field before after }
  errors { __typename code message ... on ConflictError { conflictingFields } } } changedCount skippedCount
  plannedEvents { kind }"""

Objects = dict[str, dict[str, Values]]


async def undo(client: Client, workspace_id: str, change_set: int, **given: Any) -> Any:
    """The payload of one undo."""
    return await client.mutate(
        "changeSetUndo", {"workspaceId": workspace_id, "changeSet": change_set, **given}, RESULTS
    )


def snapshot(mirror: Mirror) -> Objects:
    """All objects of the copy with the fields that can be read, without the times of their last changes."""
    return {
        entity_id: {name: values.get(name) for name in COMPARED[KINDS[entity_id[:3]]].values() if name != "updatedAt"}
        for entity_id, values in mirror.objects.items()
    }


def differences(before: Objects, after: Objects) -> list[str]:
    """What taking everything back has left different, but for created objects, which leave what the rule says."""
    found = []
    for entity_id, values in before.items():
        now = after.get(entity_id)
        if now is None:
            found.append(f"{entity_id} is gone")
            continue
        found += [
            f"{name} of {entity_id} is {now.get(name)}, and was {values.get(name)}"
            for name in sorted(values.keys() | now.keys())
            if normal(values.get(name)) != normal(now.get(name))
        ]
    created = {entity_id: after[entity_id] for entity_id in after.keys() - before.keys()}
    return found + [f"{entity_id} is left" for entity_id in created if not _is_taken_back(entity_id, created)]


def _is_taken_back(entity_id: str, created: Objects) -> bool:
    """Whether a created object is withdrawn, or kept for a withdrawn one that refers to it."""
    values = created[entity_id]
    withdrawn = {"iss": "trashedAt", "com": "deletedAt", "prj": "archivedAt"}.get(entity_id[:3])
    if withdrawn is not None:
        return values.get(withdrawn) is not None
    if (values.get("projectId") or ("",))[0] in created:
        return True
    issues = [each for other, each in created.items() if other.startswith("iss")]
    return any(entity_id in (each.get(name) or ()) for each in issues for name in ("stateId", "milestoneId", "labels"))
