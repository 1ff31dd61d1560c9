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


@strawberry.type(description="A comment on an issue.")
class Comment(Node):
    describes = model.Comment

    body: str = strawberry.field(
        description="Text of the comment in Markdown, at most 256 KB. Empty if the comment was deleted."
    )
    edited_at: datetime | None = strawberry.field(
        description="Time when the author last edited the text. Null if the text was never edited."
    )
    deleted_at: datetime | None = strawberry.field(
        description="Time when the comment was deleted. Null if it was not deleted. Deleted comments stay in lists "
        "without their text."
    )
    created_at: datetime = strawberry.field(description="Time when the comment was created.")
    updated_at: datetime = strawberry.field(description="Time when the comment was last edited or deleted.")
    author = related("author_id", loads.users, graphql_type=User, description="The user who wrote the comment.")
    issue = related(
        "issue_id",
        loads.issues,
        graphql_type=Annotated["Issue", strawberry.lazy("api.issues.types")],
        description="The issue that the comment belongs to.",
    )
