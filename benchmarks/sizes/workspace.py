"""The measured workspace: what the cases name, and what they compare with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.dataset import Dataset
from benchmarks.failures import BenchmarkError
from benchmarks.sizes.additions import MILESTONE
from domain.shared.demo import DEMO_EMAIL

ABSENT = "zzqx"
"""A text that nothing contains."""

SAMPLED = 20_000  # issues from which dates and numbers are drawn

_HERE = """SELECT w.id AS workspace_id, w.slug, p.id AS project_id, m.id AS milestone_id, w.name
    FROM workspace w JOIN project p ON p.workspace_id = w.id
    JOIN milestone m ON m.workspace_id = w.id AND m.project_id = p.id AND m.name = $2 WHERE w.slug = $1"""
_GUEST = """SELECT a.id, a.email FROM member m JOIN account a ON a.id = m.user_id
    JOIN project_member x ON x.workspace_id = m.workspace_id AND x.member_id = m.id AND x.project_id = $2
    WHERE m.workspace_id = $1 AND m.role = 'GUEST' ORDER BY m.id LIMIT 1"""
_MEMBER = """SELECT a.id, a.email FROM member m JOIN account a ON a.id = m.user_id
    WHERE m.workspace_id = $1 AND m.role = 'MEMBER' ORDER BY m.id LIMIT 1"""
_LET_SIGN_IN = """INSERT INTO password (user_id, hash, changed_at) SELECT $1, hash, now() FROM password LIMIT 1
    ON CONFLICT DO NOTHING"""
_PARENT = """SELECT i.id FROM list_size l JOIN issue i ON i.workspace_id = l.workspace_id AND i.id = l.parent_id
    WHERE l.workspace_id = $1 AND l.lifecycle = 0 ORDER BY l.size DESC, i.id LIMIT 1"""
_SOME = """SELECT i.id, p.key || '-' || i.number AS identifier FROM issue i
    JOIN project p ON p.workspace_id = i.workspace_id AND p.id = i.project_id
    WHERE i.workspace_id = $1 AND i.project_id = $2 AND i.lifecycle = 0 AND i.completed_at IS NULL AND i.number > 100
    ORDER BY i.number LIMIT 100"""
_STATES = """SELECT id FROM state WHERE workspace_id = $1 AND project_id = $2 AND category IN ('UNSTARTED', 'STARTED')
    ORDER BY category, id LIMIT 2"""
_COLUMNS = ("number", "due_date", "estimate", "completed_at", "archived_at", "created_at", "updated_at")
_SPREAD = f"""SELECT {
    ", ".join(
        f"percentile_disc(array[0.5, 0.001, 0.999]) WITHIN GROUP (ORDER BY {name}) AS {name}" for name in _COLUMNS
    )
} FROM issue TABLESAMPLE SYSTEM ($2) REPEATABLE (1) WHERE workspace_id = $1"""
# The state, project and creator of an ordinary issue, and its most used label and busiest assignee.
_RELATED = """SELECT i.id, i.title, p.key || '-' || i.number AS identifier, i.state_id, s.name AS state_name,
      i.project_id, p.name AS project_name, p.key AS project_key, i.creator_id, c.name AS creator_name
    FROM issue i JOIN project p ON p.workspace_id = i.workspace_id AND p.id = i.project_id
    JOIN state s ON s.workspace_id = i.workspace_id AND s.id = i.state_id JOIN account c ON c.id = i.creator_id
    WHERE i.workspace_id = $1 AND i.project_id = $2 AND i.lifecycle = 0 AND i.title ILIKE '%search%'
    ORDER BY i.number LIMIT 1"""
_LABEL = """SELECT l.id, l.name FROM label l JOIN issue_label x ON x.workspace_id = l.workspace_id
    AND x.label_id = l.id WHERE l.workspace_id = $1 GROUP BY l.id, l.name ORDER BY count(*) DESC, l.id LIMIT 1"""
_PERSON = """SELECT a.id, a.name FROM issue_assignee x JOIN account a ON a.id = x.user_id WHERE x.workspace_id = $1
    GROUP BY a.id ORDER BY count(*) DESC, a.id LIMIT 1"""
_REVISION = "SELECT revision FROM workspace_revision WHERE workspace_id = $1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """The measured workspace. `project_id` is its largest project, which the guest sees.

    `examples` has the values that a field of a filter is compared with, by its path: one that many issues have, and
    one that few or none have; of numbers and dates the low and the high end.
    """

    workspace_id: str
    slug: str
    project_id: str
    milestone_id: str
    parent_id: str
    """The issue with the most sub-issues."""
    issues: Sequence[str]
    """IDs of 100 open issues."""
    identifier: str
    states: Sequence[str]
    """IDs of two states of open issues."""
    revision: int
    member_email: str
    guest_email: str
    owner_email: str
    examples: Mapping[str, Sequence[Any]]


async def find_workspace(connection: Any, dataset: Dataset) -> Workspace:
    """The workspace of the dataset. Its member and its guest can sign in with the owner's password."""
    here = await connection.fetchrow(_HERE, dataset.slug, MILESTONE)
    if here is None:
        raise BenchmarkError("The measured workspace lacks the lists that are added to the seed.")
    workspace_id, project_id = here["workspace_id"], here["project_id"]
    guest = await connection.fetchrow(_GUEST, workspace_id, project_id)
    member = await connection.fetchrow(_MEMBER, workspace_id)
    for reader in (guest, member):
        await connection.execute(_LET_SIGN_IN, reader["id"])
    some = await connection.fetch(_SOME, workspace_id, project_id)
    parent_id = await connection.fetchval(_PARENT, workspace_id)
    return Workspace(
        workspace_id=workspace_id,
        slug=here["slug"],
        project_id=project_id,
        milestone_id=here["milestone_id"],
        parent_id=parent_id,
        issues=[row["id"] for row in some],
        identifier=some[0]["identifier"],
        states=[row["id"] for row in await connection.fetch(_STATES, workspace_id, project_id)],
        revision=await connection.fetchval(_REVISION, workspace_id),
        member_email=member["email"],
        guest_email=guest["email"],
        owner_email=DEMO_EMAIL,
        examples=await _examples(connection, here, parent_id, share=min(100.0, 100 * SAMPLED / dataset.issues)),
    )


async def _examples(connection: Any, here: Any, parent_id: str, *, share: float) -> dict[str, Sequence[Any]]:
    workspace_id = here["workspace_id"]
    spread = await connection.fetchrow(_SPREAD, workspace_id, share)
    ordinary = await connection.fetchrow(_RELATED, workspace_id, here["project_id"])
    label, person = [await connection.fetchrow(query, workspace_id) for query in (_LABEL, _PERSON)]
    columns = {_camel_case(name): [_plain(value) for value in spread[name] or ()] for name in _COLUMNS}
    columns["archivedAt"] = columns["archivedAt"] or columns["createdAt"]
    texts = {
        "title": ordinary["title"],
        "identifier": ordinary["identifier"],
        "state.name": ordinary["state_name"],
        "project.name": ordinary["project_name"],
        "project.key": ordinary["project_key"],
        "creator.name": ordinary["creator_name"],
        "assignees.name": person["name"],
        "labels.name": label["name"],
        "milestone.name": MILESTONE,
    }
    ids = {
        "id": ordinary["id"],
        "state.id": ordinary["state_id"],
        "project.id": ordinary["project_id"],
        "creator.id": ordinary["creator_id"],
        "assignees.id": person["id"],
        "labels.id": label["id"],
        "milestone.id": here["milestone_id"],
        "milestoneId": here["milestone_id"],
        "parentId": parent_id,
    }
    return {
        **columns,
        **{path: (text, "XQZ-1" if path == "identifier" else ABSENT) for path, text in texts.items()},
        **{path: (id_, _absent_id(id_)) for path, id_ in ids.items()},
        "text": ("search", ABSENT),
        "startDate": columns["dueDate"],
        "milestone.dueDate": columns["dueDate"],
        "project.archivedAt": columns["createdAt"],
    }


def _camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def _absent_id(id_: str) -> str:
    return f"{id_[:4]}01jd0000000000000000000000"


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
