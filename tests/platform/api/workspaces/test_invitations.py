"""Invitations over GraphQL: who is shown what, and what is refused."""

import asyncio
from dataclasses import replace

import orjson
import pytest

from api.graphql.masking import format_errors
from domain.shared.actor import Role
from domain.workspaces.invitation_service import INVITATIONS_PER_PERSON
from domain.workspaces.model import Invitation, Member
from tests.factories.accounts import UserFactory
from tests.factories.moments import MADE
from tests.factories.workspaces import InvitationFactory
from tests.refusals import assert_refused, bad_ids, bad_patterns, conflict
from tests.sample.world import LibraryWorld

OPEN = "query ($id: ID!) { node(id: $id) { ... on Workspace { invitations { nodes { id email role } totalCount } } } }"


def token_of(link: str) -> str:
    return link.partition("?token=")[2]


async def test_a_link_is_shown_only_to_its_issuer_and_admits_a_user(world: LibraryWorld):
    asked = {"workspaceId": world.here.workspace.id, "role": "GUEST", "idempotencyKey": "k1"}
    select = "invitation { id email role createdBy { name } acceptedAt workspace { slug } } link"
    made = await world.owner.mutate("invitationCreate", asked, select)
    link = made.pop("link")
    invitation_id = made["invitation"].pop("id")
    assert made == {
        "invitation": {
            "email": None,
            "role": "GUEST",
            "createdBy": {"name": "Owner"},
            "acceptedAt": None,
            "workspace": {"slug": world.here.workspace.slug},
        },
        "revision": 1,
        "errors": [],
    }
    assert link.startswith(f"{world.app.auth.options.issuer}/auth/invitation?token=wgi_")
    again = await world.owner.mutate("invitationCreate", asked, "invitation { id } link")
    assert again == {"invitation": {"id": invitation_id}, "link": link, "revision": 1, "errors": []}

    stranger = world.client(None)
    joined = await stranger.mutate(
        "invitationAccept", {"token": token_of(link)}, "member { id role workspace { slug } user { id } }"
    )
    member_id = joined["member"].pop("id")
    assert joined == {
        "member": {
            "role": "GUEST",
            "workspace": {"slug": world.here.workspace.slug},
            "user": {"id": stranger.actor.user_id},
        },
        "revision": 3,
        "errors": [],
    }
    stored = await world.stored(Invitation, invitation_id)
    created = {
        "role": [None, "GUEST"],
        "area_ids": [None, []],
        "created_by_id": [None, world.owner.actor.user_id],
        "expires_at": [None, stored.expires_at.isoformat()],
    }
    accepted = {
        "accepted_at": [None, stored.accepted_at.isoformat()],
        "accepted_by_id": [None, stranger.actor.user_id],
    }
    assert await world.events() == [
        (1, "invitation.created", invitation_id, created),
        (2, "invitation.accepted", invitation_id, accepted),
        (3, "member.added", member_id, {"user_id": [None, stranger.actor.user_id], "role": [None, "GUEST"]}),
    ]


async def test_a_mailed_invitation_shows_its_address_to_managers_and_no_link(world: LibraryWorld):
    asked = {"workspaceId": world.here.workspace.id, "role": "MEMBER", "email": " New@Example.ORG "}
    made = await world.client(Role.ADMIN).mutate("invitationCreate", asked, "invitation { id } link")
    assert (made["link"], made["revision"], made["errors"]) == (None, 1, [])
    mailed = {"id": made["invitation"]["id"], "email": "new@example.org", "role": "MEMBER"}
    linked = {"id": world.here.invitation.id, "email": None, "role": "MEMBER"}
    for role in Role:
        shown = [mailed, linked] if role in (Role.OWNER, Role.ADMIN) else []
        data = await world.client(role).run(OPEN, id=world.here.workspace.id)
        assert data["node"]["invitations"] == {"nodes": shown, "totalCount": len(shown)}
    assert "new@example.org" not in repr(await world.events())


async def test_the_invitations_of_several_workspaces_are_those_of_the_managed_ones(world: LibraryWorld):
    both = {world.here.workspace.id: Role.MEMBER, world.elsewhere.workspace.id: Role.ADMIN}
    client = replace(world.member, actor=replace(world.member.actor, roles=both))
    query = "{ workspaces { nodes { id invitations(first: 1) { nodes { id } } } } }"
    found = {each["id"]: each["invitations"]["nodes"] for each in (await client.run(query))["workspaces"]["nodes"]}
    assert found == {
        world.here.workspace.id: [],
        world.elsewhere.workspace.id: [{"id": world.elsewhere.invitation.id}],
    }


async def test_known_and_unknown_addresses_get_the_same_answer(world: LibraryWorld):
    """A22 of the promises: byte by byte, but for the id and the address itself."""
    await world.store(UserFactory(email="known@example.org"))
    query = """mutation ($input: InvitationCreateInput!) { invitationCreate(input: $input) {
      __typename invitation { role acceptedAt acceptedBy { id } revokedAt } link
      errors { __typename message code path } } }"""
    answers = set()
    for name in ("known", "other"):
        asked = {"workspaceId": world.here.workspace.id, "role": "MEMBER", "email": f"{name}@example.org"}
        data, errors = await world.owner.execute(query, input=asked)
        answers.add(orjson.dumps({"data": data, "errors": format_errors(errors)}))
    assert len(answers) == 1
    rows = await world.rows()
    jobs = [line for line in rows["job"] if "workspaces.send_invitation" in line]
    assert len(jobs) == 2


async def test_every_bad_token_gets_one_answer(world: LibraryWorld):
    """Responses for unknown, used, expired, revoked and foreign tokens are equal byte by byte."""
    place, stranger = world.here, world.client(None)
    tokens = {name: f"wgi_{name:_>43}" for name in ("used", "expired", "revoked", "foreign", "demoted")}
    fields = {
        "used": {"accepted_at": MADE, "accepted_by_id": place.people[Role.GUEST].id},
        "expired": {"expires_at": MADE},
        "revoked": {"revoked_at": MADE},
        "foreign": {"email": "somebody@example.org"},
        "demoted": {"created_by_id": place.people[Role.MEMBER].id},
    }
    by_owner = {"workspace": place.workspace, "created_by_id": place.people[Role.OWNER].id}
    await world.store(
        *(InvitationFactory(**{**by_owner, **fields[name]}, token=token) for name, token in tokens.items())
    )
    before = await world.rows()
    query = """mutation ($input: InvitationAcceptInput!) { invitationAccept(input: $input) {
      __typename member { id } revision errors { __typename message code path } } }"""
    answers = set()
    for token in (*tokens.values(), "wgi_" + "x" * 43, "", "junk", "\0", "\ud800", "x" * 10_000):
        data, errors = await stranger.execute(query, input={"token": token})
        answers.add(orjson.dumps({"data": data, "errors": format_errors(errors)}))
    [answer] = answers
    [error] = orjson.loads(answer)["data"]["invitationAccept"]["errors"]
    assert (error["__typename"], error["code"], error["path"]) == ("NotFoundError", "NOT_FOUND", ["input", "token"])
    assert await world.rows() == before


async def test_bad_invitations_are_refused(world: LibraryWorld):
    place = world.here
    addresses = ("ada", "a@b", "a@[127.0.0.1]", "ａｄａ@example.org", "ada@example.org\n.", "x" * 250 + "@e.org")
    cases = {
        **bad_ids("workspaceId", "wsp", foreign=world.elsewhere.workspace.id),
        **bad_patterns("email", addresses),
        "a member": ({"email": place.people[Role.GUEST].email}, conflict("email", "ALREADY_EXISTS")),
    }
    good = {"workspaceId": place.workspace.id, "email": "new@example.org", "role": "GUEST"}
    await assert_refused(world, world.owner, "invitationCreate", good, cases)


@pytest.mark.parametrize("mutation", ["invitationResend", "invitationRevoke"])
async def test_bad_ids_of_invitations_are_refused(world: LibraryWorld, mutation: str):
    cases = bad_ids("id", "inv", foreign=world.elsewhere.invitation.id)
    await assert_refused(world, world.owner, mutation, {}, cases)


async def test_revoking(world: LibraryWorld):
    invitation = world.here.invitation
    payload = await world.owner.mutate("invitationRevoke", {"id": invitation.id}, "invitation { id revokedAt }")
    stored = await world.stored(Invitation, invitation.id)
    assert stored.revoked_at > MADE
    assert (payload["invitation"]["id"], payload["revision"], payload["errors"]) == (invitation.id, 1, [])
    changes = {"revoked_at": [None, stored.revoked_at.isoformat()]}
    assert await world.events() == [(1, "invitation.revoked", invitation.id, changes)]
    again = await world.owner.mutate("invitationRevoke", {"id": invitation.id})
    assert [error["code"] for error in again["errors"]] == ["CONFLICT"]


async def test_sending_a_link_again_gives_another_one(world: LibraryWorld):
    invitation = world.here.invitation
    payload = await world.owner.mutate("invitationResend", {"id": invitation.id}, "invitation { id expiresAt } link")
    stored = await world.stored(Invitation, invitation.id)
    assert stored == replace(invitation, generation=2, digest=stored.digest, expires_at=stored.expires_at)
    assert stored.digest != invitation.digest
    accepted = await world.client(None).mutate("invitationAccept", {"token": token_of(payload["link"])})
    assert accepted["errors"] == []


async def test_a_member_who_accepts_gets_an_error_and_the_link_stays_valid(world: LibraryWorld):
    payload = await world.owner.mutate("invitationResend", {"id": world.here.invitation.id}, "link")
    given = {"token": token_of(payload["link"])}
    cases = {"member": ({}, conflict("token", "ALREADY_EXISTS"))}
    await assert_refused(world, world.member, "invitationAccept", given, cases)
    assert (await world.client(None).mutate("invitationAccept", given))["errors"] == []


async def test_too_many_invitations_are_a_limit_with_the_time_to_wait(world: LibraryWorld):
    asked = {"workspaceId": world.here.workspace.id, "role": "GUEST"}
    for _ in range(INVITATIONS_PER_PERSON):
        assert (await world.owner.mutate("invitationCreate", asked))["errors"] == []
    before = await world.rows()
    payload = await world.owner.mutate("invitationCreate", asked)
    [error] = payload["errors"]
    assert (error["__typename"], error["code"], error["path"]) == ("LimitError", "LIMIT_EXCEEDED", ["input"])
    assert error["message"].startswith("Too many attempts.")
    assert await world.rows() == before
    assert (await world.client(Role.ADMIN).mutate("invitationCreate", asked))["errors"] == []


async def test_of_32_users_accepting_one_link_at_once_one_joins(world: LibraryWorld):
    people = UserFactory.build_batch(32)
    await world.store(*people)
    payload = await world.owner.mutate("invitationResend", {"id": world.here.invitation.id}, "link")
    given = {"token": token_of(payload["link"])}
    stranger = world.client(None)
    clients = [replace(stranger, actor=replace(stranger.actor, user_id=each.id, roles={})) for each in people]
    query = "mutation ($input: InvitationAcceptInput!) { invitationAccept(input: $input) { errors { code } } }"
    outcomes = await asyncio.gather(*(client.execute(query, input=given) for client in clients))
    # The winner's session is not of that person, so that reading the new roles fails after the commit.
    refused = [data for data, errors in outcomes if not errors and data["invitationAccept"]["errors"]]
    assert len(refused) == 31
    joined = [line for line in (await world.rows())["member"] if any(each.id in line for each in people)]
    assert len(joined) == 1
    assert await world.stored(Member, world.here.members[Role.OWNER].id)
