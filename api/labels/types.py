from datetime import datetime

import strawberry

from api.shared.node import Node
from domain.labels import model


@strawberry.type(description="A workspace's own word for issues.")
class Label(Node):
    describes = model.Label

    name: str = strawberry.field(description="Unique in the workspace.")
    color: str = strawberry.field(description="Such as #5e6ad2.")
    description: str | None = strawberry.field(description="When to use the label.")
    created_at: datetime = strawberry.field(description="When the label was made.")
    updated_at: datetime = strawberry.field(description="When the label was last changed.")
