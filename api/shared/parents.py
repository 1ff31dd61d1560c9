"""The objects that resolvers of plain fields belong to."""

from domain.workspaces.model import Workspace


def workspace_of(root: object) -> Workspace:
    """Resolvers get the domain object as `self`, since the GraphQL type only describes it."""
    assert isinstance(root, Workspace)
    return root
