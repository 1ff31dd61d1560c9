"""Parents of plain fields: the domain objects that resolvers get as `self`."""

from domain.workspaces.model import Workspace


def workspace_of(root: object) -> Workspace:
    """The domain object that a resolver gets as `self`; the GraphQL class only describes it."""
    assert isinstance(root, Workspace)
    return root
