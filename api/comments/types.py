from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.accounts.types import User
from api.shared import loads
from api.shared.node import Node
from domain.comments import model
from strawberry_compiled import related

if TYPE_CHECKING:
    from api.issues.types import Issue


@strawberry.type(description="What somebody said on an issue.")
class Comment(Node):
    describes = model.Comment

    body: str = strawberry.field(description="Markdown; empty once the comment is deleted.")
    edited_at: datetime | None = strawberry.field(description="When its author last changed the text.")
    deleted_at: datetime | None = strawberry.field(description="When it was deleted; its place stays.")
    created_at: datetime = strawberry.field(description="When it was written.")
    updated_at: datetime = strawberry.field(description="When it was last changed in any way.")
    author = related("author_id", loads.users, graphql_type=User, description="Who wrote it.")
    issue = related(
        "issue_id",
        loads.issues,
        graphql_type=Annotated["Issue", strawberry.lazy("api.issues.types")],
        description="The issue that it is on.",
    )
