"""The retry of every mutation, under the same idempotency key, answers all that the first request answered."""

from typing import Any

import pytest
from graphql import GraphQLObjectType, get_named_type, is_leaf_type

from domain.shared.actor import Role
from tests.root_fields import SCHEMA
from tests.tracker.api.permission_table import USES, Scene, Use, build_scene
from tests.tracker.api.world import World

USE = {use.mutation: use for use in reversed(USES)}
ENDS = (
    "Undo",
    "Reorder",
    "Create",
    "Update",
    "Archive",
    "Restore",
    "Revoke",
    "Remove",
    "Claim",
    "Delete",
    "Purge",
    "Transfer",
    "Others",
)
"""Ends of mutations' names in the order in which they are tried, since some take away what others need."""

NOT_TOLD_AGAIN = {"apiKeyCreate": {"key": "a secret, of which only a digest is kept"}}
"""Mutation -> fields that are null in the answer to a retry, and why."""


def order(use: Use) -> int:
    return next((place for place, end in enumerate(ENDS) if use.mutation.endswith(end)), ENDS.index("Update"))


def scalars(kind: Any, *, depth: int = 1) -> str:
    """All fields without arguments: plain ones, and those of objects as deep as that."""
    assert isinstance(kind, GraphQLObjectType)
    selected = []
    for name, field in kind.fields.items():
        inner = get_named_type(field.type)
        if field.args or name in ("errors", "clientMutationId"):
            continue
        if is_leaf_type(inner):
            selected.append(name)
        elif depth and isinstance(inner, GraphQLObjectType):
            selected.append(f"{name} {{ {scalars(inner, depth=depth - 1)} }}")
    return " ".join(selected)


async def answers(scene: Scene, use: Use) -> list[dict[str, Any]]:
    role = next(role for role in Role if not use.refuses(role))
    payload = get_named_type(SCHEMA.mutation_type.fields[use.mutation].type)
    given = use.given(scene, role) | {"idempotencyKey": f"once {use.name}"}
    if use.mutation == "issueRestore":
        given["id"] = scene.here.issue.id  # out of the archive; the one in the trash is purged
    if given.get("name") == "New":
        given["name"] = use.mutation  # no other one's
    return [await scene.client(role).mutate(use.mutation, given, scalars(payload)) for _ in range(2)]


@pytest.mark.verify
async def test_every_mutation_answers_its_retry_as_it_did_at_first(world: World):
    scene = await build_scene(world)
    assert set(USE) == set(SCHEMA.mutation_type.fields)
    for use in sorted(USE.values(), key=order):
        first, again = await answers(scene, use)
        assert first["errors"] == [], use.name
        missing = NOT_TOLD_AGAIN.get(use.mutation, {})
        assert all(first[name] is not None for name in missing)
        assert again == first | dict.fromkeys(missing), use.name
