"""GraphQL types of histories, which slices extend with types of changes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

import strawberry

from api.accounts.types import User
from api.shared import loads
from api.shared.list_sizes import ReadWithParent
from api.shared.scalars import Revision
from domain.accounts.model import User as UserModel
from domain.audit import history
from domain.shared.actor import Cause
from strawberry_compiled import decides_by_class, related


class ChangeType(ReadWithParent):
    """Base of the GraphQL types that are members of a union of changes."""

    describes: ClassVar[type]

    @classmethod
    @decides_by_class
    def is_type_of(cls, value: Any, _info: Any) -> bool:
        return isinstance(value, cls.describes)


def _actor(_entry: history.HistoryEntry, users: Sequence[UserModel]) -> UserModel | None:
    return users[0] if users else None


@strawberry.type
class EntryFields:
    """Fields of an entry in the history of any object."""

    describes = history.HistoryEntry

    revision: Revision = strawberry.field(description="Position of the change in the change log of the workspace.")
    change_set: Revision = strawberry.field(
        description="Last revision of the changes that were made together: by one request, or by one job, whose change "
        "set is the revision of the commit that started it."
    )
    occurred_at: datetime = strawberry.field(description="Time when the change was made.")
    cause: Cause = strawberry.field(
        description="Origin of the change: a user, an import, the demo data, the server or an undo."
    )
    actor = related(
        "actor_ids",
        loads.user_lists,
        show=_actor,
        graphql_type=User | None,
        description="The user who made the change. Null if the server made it.",
    )
