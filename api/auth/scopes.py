"""GraphQL enum of the scopes, registered before the first type or input that uses it."""

from api.shared.enums import describe_enum
from domain.shared.actor import Scope

__all__ = ["Scope"]

describe_enum(
    Scope,
    name="ApiKeyScope",
    description="Permission granted to an API key. An API key never allows more than its owner's role does. In "
    "ascending order, each scope including the previous ones: READ, WRITE, ADMIN.",
    READ="Read data that the owner of the API key can see.",
    WRITE="Make changes that the role `MEMBER` allows.",
    ADMIN="Make changes that require the role `ADMIN` or `OWNER`, such as managing members, and create, join or leave "
    "workspaces.",
)
