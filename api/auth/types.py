from datetime import datetime
from typing import ClassVar

import strawberry

from api.auth.scopes import Scope
from domain.auth import model


@strawberry.type(description="What a program signs in with in your place.")
class ApiKey:
    describes: ClassVar[type] = model.ApiKey

    id: strawberry.ID = strawberry.field(description="For revoking it.")
    name: str = strawberry.field(description="What you call it.")
    scopes: list[Scope] = strawberry.field(description="What it may do, at most 3 scopes.")
    workspace_ids: list[strawberry.ID] | None = strawberry.field(
        description="The workspaces that it opens, at most 50; null for all of yours."
    )
    hint: str = strawberry.field(description="The last four characters of the key.")
    created_at: datetime = strawberry.field(description="When it was made.")
    expires_at: datetime | None = strawberry.field(description="When it ends; null if it lives until it is revoked.")
    last_used_at: datetime | None = strawberry.field(description="When it was last used, to the minute.")
