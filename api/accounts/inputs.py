from typing import ClassVar

import strawberry

from api.shared.inputs import IdComparator, StringComparator
from domain.accounts import queries


@strawberry.input(description="Which people.")
class UserFilter:
    describes: ClassVar[type] = queries.UserFilter

    and_: "list[UserFilter] | None" = strawberry.field(default=None, name="and", description="All of these hold.")
    or_: "list[UserFilter] | None" = strawberry.field(default=None, name="or", description="One of these holds.")
    not_: "UserFilter | None" = strawberry.field(default=None, name="not", description="This does not hold.")
    id: IdComparator | None = strawberry.field(default=None, description="By id.")
    name: StringComparator | None = strawberry.field(default=None, description="By name.")
