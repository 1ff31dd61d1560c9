"""Profiles: fields visible to other users, and updates of one's own."""

import pytest
from sqlalchemy import select

from domain.shared.actor import Role
from infra.accounts.tables import UserRow
from tests.sample.world import LibraryWorld

PROFILE = "id name initials timeZone email"


async def test_a_profile_is_changed_field_by_field(world: LibraryWorld) -> None:
    ann = world.client(Role.MEMBER)
    before = (await ann.run(f"{{ viewer {{ {PROFILE} }} }}"))["viewer"]
    assert before["timeZone"] == "UTC"
    changed = {"name": " Ann-Marie Lee ", "initials": "aml", "timeZone": "Europe/Berlin"}
    payload = await ann.mutate("viewerUpdate", changed, f"viewer {{ {PROFILE} }}")
    expected = {**before, "name": "Ann-Marie Lee", "initials": "aml", "timeZone": "Europe/Berlin"}
    assert payload["errors"] == []
    assert payload["viewer"] == expected
    payload = await ann.mutate("viewerUpdate", {"initials": None}, f"viewer {{ {PROFILE} }}")
    assert payload["viewer"] == {**expected, "initials": "AL"}
    payload = await ann.mutate("viewerUpdate", {}, f"viewer {{ {PROFILE} }}")
    assert payload["viewer"] == {**expected, "initials": "AL"}
    assert (await ann.run(f"{{ viewer {{ {PROFILE} }} }}"))["viewer"] == {**expected, "initials": "AL"}


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"name": " "}, "REQUIRED", "name"),
        ({"name": "x" * 81}, "TOO_LONG", "name"),
        ({"name": "two\nlines"}, "INVALID_INPUT", "name"),
        ({"name": "Ann http://evil.example"}, "INVALID_INPUT", "name"),
        ({"name": "Ann\u202e"}, "INVALID_INPUT", "name"),
        ({"initials": "://"}, "INVALID_INPUT", "initials"),
        ({"initials": "a\u202eb"}, "INVALID_INPUT", "initials"),
        ({"initials": ""}, "REQUIRED", "initials"),
        ({"initials": "ABCD"}, "TOO_LONG", "initials"),
        ({"timeZone": "Mars/Olympus"}, "INVALID_INPUT", "timeZone"),
        ({"timeZone": "../../etc/passwd"}, "INVALID_INPUT", "timeZone"),
    ],
)
async def test_an_invalid_profile_changes_nothing(
    world: LibraryWorld, changes: dict[str, str], code: str, field: str
) -> None:
    before = await world.rows()
    refusals = await world.client(Role.GUEST).refused("viewerUpdate", {"name": "Good Name"} | changes)
    assert refusals == [("ValidationError", code, f"input.{field}")]
    assert await world.rows() == before


async def test_an_address_is_shown_to_its_owner_alone(world: LibraryWorld) -> None:
    ann, owner = world.here.people[Role.MEMBER], world.client(Role.OWNER)
    async with world.engine.connect() as connection:
        stored = (await connection.execute(select(UserRow.email).where(UserRow.id == ann.id))).scalar_one()
    query = "query ($id: ID!) { node(id: $id) { ... on User { name initials timeZone email } } }"
    assert (await world.client(Role.MEMBER).run(query, id=ann.id))["node"]["email"] == stored
    seen = (await owner.run(query, id=ann.id))["node"]
    assert seen == {"name": ann.name, "initials": ann.initials, "timeZone": "UTC", "email": None}
    [people] = (await owner.run("{ workspaces { nodes { members { nodes { user { id email } } } } } }"))["workspaces"][
        "nodes"
    ]
    addresses = {node["user"]["id"]: node["user"]["email"] for node in people["members"]["nodes"]}
    assert len(addresses) > 2
    assert {id_ for id_, email in addresses.items() if email} == {world.here.people[Role.OWNER].id}
