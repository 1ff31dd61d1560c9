from datetime import datetime

import strawberry

from api.shared.node import Node
from domain.accounts import model


@strawberry.type(description="A person.")
class User(Node):
    describes = model.User

    name: str = strawberry.field(description="The person's name.")
    is_placeholder: bool = strawberry.field(
        description="Whether this stands for somebody whom an import named and who has not signed up."
    )
    created_at: datetime = strawberry.field(description="When the person signed up, or was imported.")
