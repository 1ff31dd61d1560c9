"""The points that responses report, on the real schema, database and Redis."""

from datetime import datetime
from typing import Any

import httpx

from tests import api_defaults
from tests.sample.world import LibraryWorld
from tests.served import served

SHOWN = api_defaults.http(cost=api_defaults.cost(is_shown=True, per_hour=1))
"""Options that show costs and refill so slowly that no point comes back during a test."""
BOOKS = """query($slug: String!, $n: Int = 10) {
  rateLimit { cost limit remaining resetAt }
  workspace(slug: $slug) { books(first: $n) { nodes { id volumes { nodes { id } } } } }
}"""


async def asked(client: httpx.AsyncClient, query: str, **variables: Any) -> dict[str, Any]:
    return (await client.post("/graphql", json={"query": query, "variables": variables})).json()


async def test_the_field_and_the_extension_agree(world: LibraryWorld) -> None:
    async with served(world, SHOWN) as client:
        for spent in (0, 4):
            answer = await asked(client, BOOKS, slug=world.here.workspace.slug)
            limit, cost = answer["data"]["rateLimit"], answer["extensions"]["cost"]
            assert (limit["cost"], cost["requested"]) == (2 + 10 * (1 + 21), 2 + 10 * (1 + 21))
            assert cost["actual"] == 4  # the workspace, its books, and the volume of one
            assert limit["limit"] == cost["limit"] == 250_000
            assert (limit["remaining"], cost["remaining"]) == (249_778 - spent, 249_996 - spent)
            assert datetime.fromisoformat(cost["resetAt"]) <= datetime.fromisoformat(limit["resetAt"])


async def test_remaining_points_fall_by_the_rows_read(world: LibraryWorld) -> None:
    async with served(world, SHOWN) as client:
        left = []
        for n in (1, 10, 100):
            answer = await asked(client, BOOKS, slug=world.here.workspace.slug, n=n)
            left.append(answer["extensions"]["cost"]["remaining"])
    assert left == [249_997, 249_993, 249_989]


async def test_mutations_cost_their_base_whatever_they_find(world: LibraryWorld) -> None:
    async with served(world, SHOWN) as client:
        text = 'mutation { bookDelete(input: {id: "bok_01jd0000000000000000000000"}) { errors { code } } }'
        answer = await asked(client, text)
        assert answer["data"]["bookDelete"]["errors"] == [{"code": "NOT_FOUND"}]
        assert answer["extensions"]["cost"]["actual"] == 10


async def test_conditions_cost_their_points_whatever_they_find(world: LibraryWorld) -> None:
    text = """query($slug: String!, $filter: BookFilter) { workspace(slug: $slug) {
      books(first: 7, filter: $filter) { nodes { id } } } }"""
    async with served(world, SHOWN) as client:
        costs = []
        for conditions in ({"title": {"contains": "no such title"}}, {"pages": {"gt": 1_000_000}}):
            answer = await asked(client, text, slug=world.here.workspace.slug, filter=conditions)
            assert answer["data"]["workspace"]["books"]["nodes"] == []
            costs.append((answer["extensions"]["cost"]["requested"], answer["extensions"]["cost"]["actual"]))
        assert costs == [(2 + 7 + 10, 1 + 10), (2 + 7 + 1, 1 + 1)]  # the workspace is the only row


async def test_the_field_is_null_where_nothing_is_counted(world: LibraryWorld) -> None:
    assert await world.owner.run("{ rateLimit { cost } }") == {"rateLimit": None}
