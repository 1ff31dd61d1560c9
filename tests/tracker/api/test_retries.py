"""The retry of every mutation, under the same idempotency key, answers all that the first request answered."""

from typing import Any, get_type_hints

import pytest
from graphql import GraphQLObjectType, get_named_type, is_leaf_type

from domain.shared.actor import Role
from domain.shared.uow import Outcome
from tests.factories.accounts import UserFactory
from tests.factories.workspaces import MemberFactory
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


LINK = "invitation { id } link"


async def test_a_retry_shows_the_link_only_to_an_issuer_who_may_still_invite(world: World):
    place, owner = world.here, world.owner
    successor = UserFactory()
    await world.store(successor, MemberFactory(workspace=place.workspace, user_id=successor.id, role=Role.OWNER))
    asked = {"workspaceId": place.workspace.id, "role": "OWNER", "idempotencyKey": "k1"}
    first = await owner.mutate("invitationCreate", asked, LINK)
    assert "token=" in first["link"]
    assert await owner.mutate("invitationCreate", asked, LINK) == first

    await owner.mutate("memberUpdate", {"id": place.members[Role.OWNER].id, "role": "ADMIN"})
    assert await owner.mutate("invitationCreate", asked, LINK) == first | {"link": None}


async def test_a_retry_shows_no_link_reissued_by_another_member(world: World):
    asked = {"workspaceId": world.here.workspace.id, "role": "ADMIN", "idempotencyKey": "k1"}
    first = await world.owner.mutate("invitationCreate", asked, LINK)
    resent = await world.client(Role.ADMIN).mutate("invitationResend", {"id": first["invitation"]["id"]}, LINK)
    assert resent["link"] not in (None, first["link"])
    assert await world.owner.mutate("invitationCreate", asked, LINK) == first | {"link": None}


async def test_a_retry_shows_no_link_of_a_mailed_or_revoked_invitation(world: World):
    asked = {"workspaceId": world.here.workspace.id, "role": "ADMIN"}
    mailed = asked | {"email": "new@example.org", "idempotencyKey": "k1"}
    linked = asked | {"idempotencyKey": "k2"}
    for _ in range(2):
        assert (await world.owner.mutate("invitationCreate", mailed, LINK))["link"] is None
    first = await world.owner.mutate("invitationCreate", linked, LINK)
    await world.owner.mutate("invitationRevoke", {"id": first["invitation"]["id"]})
    assert (await world.owner.mutate("invitationCreate", linked, LINK)) == first | {"link": None}


def test_outcomes_are_compact():
    """Proves that outcomes hold IDs, numbers and flags alone. Stored texts would outlive their deletion by a day."""
    kinds = Outcome.__subclasses__()
    assert len(kinds) >= 2
    hints = {f"{kind.__name__}.{name}": hint for kind in kinds for name, hint in get_type_hints(kind).items()}
    assert {
        name
        for name, hint in hints.items()
        if hint not in (int, int | None, bool) and not name.endswith((".id", "_id"))
    } == set()
