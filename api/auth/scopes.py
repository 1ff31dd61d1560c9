"""The scopes as GraphQL names them; described here, before the first type or input that uses them."""

from api.shared.enums import describe_enum
from domain.shared.actor import Scope

__all__ = ["Scope"]

describe_enum(
    Scope,
    name="ApiKeyScope",
    description="What an API key may do of what the person may; each scope holds those before it.",
    READ="Read.",
    WRITE="Change what members may change.",
    ADMIN="Do what admins and owners may: workspaces, members, imports, deleting for ever.",
)
