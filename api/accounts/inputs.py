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


@strawberry.input(description=f"Filter for people. {WITHOUT_CONDITIONS}")
class UserFilter:
    describes: ClassVar[type] = queries.UserFilter

    and_: "list[UserFilter] | None" = strawberry.field(default=None, name="and", description=ALL_HOLD)
    or_: "list[UserFilter] | None" = strawberry.field(default=None, name="or", description=ONE_HOLDS)
    not_: "UserFilter | None" = strawberry.field(default=None, name="not", description=DOES_NOT_HOLD)
    id: IdComparator | None = strawberry.field(default=None, description="By id.")
    name: StringComparator | None = strawberry.field(default=None, description="By name.")


@strawberry.input(description="What to change of your own profile; what is left out stays.")
class ViewerUpdateInput(MutationInput):
    describes: ClassVar[type] = commands.ProfileChanges

    name: Maybe[str | None] = never_null("At most 80 characters, without `://` and `www.`.")
    initials: Maybe[str | None] = strawberry.field(description="One to three characters; null for those of the name.")
    time_zone: Maybe[str | None] = never_null("An IANA name such as Europe/Berlin.")
