"""How long the lists of the schema can be: what the cost of a query is counted from."""

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
"""`Type.field` of lists that are read and are no connections; of other fields with `first`: its highest value."""

COUNTED_BY = MappingProxyType({"Query.nodes": "ids"})
"""`Type.field` of lists that have an item for each item of an argument."""

VALUES = frozenset({"Event.changes", "errors"})
"""`Type.field`, or field alone, of lists that come with their parent; they count as one object."""

FREE_TYPES = frozenset({"PageInfo", "RateLimit"})

ROOT_LISTS = frozenset({"Query", "Workspace"})
"""Types whose connections give `DEFAULT` items unless told otherwise, and not `DEFAULT_NESTED`."""


def default_size(owner: str) -> int:
    return DEFAULT if owner in ROOT_LISTS else DEFAULT_NESTED


def largest_size(place: str) -> int:
    """What `first` can be at most for that field."""
    return MOST_ITEMS.get(place, MOST)
