"""Maximum and default sizes of the schema's lists, for the cost of operations."""

from collections.abc import Mapping
from types import MappingProxyType

from api.shared.node import MOST_NODES
from domain.audit.service import MOST_EVENTS
from domain.auth.model import MOST_API_KEYS
from domain.issues.model import MOST_ASSIGNEES, MOST_LABELS
from domain.projects.model import MOST_STATES
from domain.shared.pages import DEFAULT, DEFAULT_NESTED, MOST
from domain.workspaces.model import MOST_PROJECTS

MOST_LOSS_KINDS = 250

MOST_ITEMS: Mapping[str, int] = MappingProxyType(
    {
        "ChangeBatch.events": MOST_EVENTS,
        "ImportRun.lossKinds": MOST_LOSS_KINDS,
        "Invitation.projects": MOST_PROJECTS,
        "Issue.assignees": MOST_ASSIGNEES,
        "Issue.labels": MOST_LABELS,
        "Project.states": MOST_STATES,
        "Query.nodes": MOST_NODES,
        "User.apiKeys": MOST_API_KEYS,
        "Workspace.changes": MOST_EVENTS,
    }
)
"""Maximum number of items of a list without a connection, or of `first` for other fields, by `Type.field`."""

COUNTED_BY = MappingProxyType({"Query.nodes": "ids"})
"""Lists that have one item for each item of an argument: `Type.field` to the argument's name."""

VALUES = frozenset({"Event.changes", "errors"})
"""Lists that are read together with their parent and count as one object: `Type.field`, or the field alone."""

FREE_TYPES = frozenset({"PageInfo", "RateLimit"})

ROOT_LISTS = frozenset({"Query", "Workspace"})
"""Types whose connections have `DEFAULT` items by default; all others have `DEFAULT_NESTED`."""


def default_size(owner: str) -> int:
    return DEFAULT if owner in ROOT_LISTS else DEFAULT_NESTED


def largest_size(place: str) -> int:
    """Maximum value of `first` for the field."""
    return MOST_ITEMS.get(place, MOST)
