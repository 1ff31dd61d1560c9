from datetime import datetime

import strawberry

from api.shared.node import Node
from domain.labels import model


@strawberry.type(description="A label that can be attached to any issue of a workspace.")
class Label(Node):
    describes = model.Label

    name: str = strawberry.field(description="Name of the label, unique in the workspace, at most 80 characters.")
    color: str = strawberry.field(description="Color of the label as a hexadecimal code such as `#5e6ad2`.")
    description: str | None = strawberry.field(
        description="Explanation of when to use the label, at most 255 characters. Null if there is none."
    )
    created_at: datetime = strawberry.field(description="Time when the label was created.")
    updated_at: datetime = strawberry.field(description="Time when the label was last changed.")
