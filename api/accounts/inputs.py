from typing import ClassVar

import strawberry
from strawberry import Maybe

from api.shared.inputs import (
    ALL_HOLD,
    DOES_NOT_HOLD,
    ONE_HOLDS,
    WITHOUT_CONDITIONS,
    IdComparator,
    MutationInput,
    StringComparator,
)
from api.shared.nulls import never_null
from domain.accounts import commands, queries


@strawberry.input(description=f"Filter for users. {WITHOUT_CONDITIONS}")
class UserFilter:
    describes: ClassVar[type] = queries.UserFilter

    and_: "list[UserFilter] | None" = strawberry.field(default=None, name="and", description=ALL_HOLD)
    or_: "list[UserFilter] | None" = strawberry.field(default=None, name="or", description=ONE_HOLDS)
    not_: "UserFilter | None" = strawberry.field(default=None, name="not", description=DOES_NOT_HOLD)
    id: IdComparator | None = strawberry.field(default=None, description="Filter by the ID of the user.")
    name: StringComparator | None = strawberry.field(default=None, description="Filter by the name of the user.")


@strawberry.input(description="Input of the `viewerUpdate` mutation. Omitted fields keep their values.")
class ViewerUpdateInput(MutationInput):
    describes: ClassVar[type] = commands.ProfileChanges

    name: Maybe[str | None] = never_null(
        "New display name: one line of at most 80 characters, without `://` and `www.`."
    )
    initials: Maybe[str | None] = strawberry.field(
        description="New initials, 1 to 3 characters. Null derives them from the name; omit the field to keep the "
        "current value."
    )
    time_zone: Maybe[str | None] = never_null("New time zone: an IANA name such as `Europe/Berlin`.")
