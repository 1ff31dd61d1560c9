"""The points that responses report, on the real schema, database and Redis."""

from datetime import datetime
from typing import Any

import httpx

from tests import api_defaults
from tests.served import served
from tests.tracker.api.world import World

SHOWN = api_defaults.http(cost=api_defaults.cost(is_shown=True, per_hour=1))
"""Options that show costs and refill so slowly that no point comes back during a test."""
ISSUES = """query($slug: String!, $n: Int = 10) {
  rateLimit { cost limit remaining resetAt }
  workspace(slug: $slug) { issues(first: $n) { nodes { id comments { nodes { id } } } } }
}"""


async def asked(client: httpx.AsyncClient, query: str, **variables: Any) -> dict[str, Any]:
    return (await client.post("/graphql", json={"query": query, "variables": variables})).json()


async def test_the_field_and_the_extension_agree(world: World) -> None:
    async with served(world, SHOWN) as client:
        for spent in (0, 3):
            answer = await asked(client, ISSUES, slug=world.here.workspace.slug)
            limit, cost = answer["data"]["rateLimit"], answer["extensions"]["cost"]
            assert (limit["cost"], cost["requested"]) == (2 + 10 * (1 + 21), 2 + 10 * (1 + 21))
            assert cost["actual"] == 3  # the workspace, its issue, and that one's comment
            assert limit["limit"] == cost["limit"] == 250_000
            assert (limit["remaining"], cost["remaining"]) == (249_778 - spent, 249_997 - spent)
            assert datetime.fromisoformat(cost["resetAt"]) <= datetime.fromisoformat(limit["resetAt"])


async def test_remaining_points_fall_by_the_rows_read(world: World) -> None:
    async with served(world, SHOWN) as client:
        left = []
        for n in (1, 10, 100):
            answer = await asked(client, ISSUES, slug=world.here.workspace.slug, n=n)
            left.append(answer["extensions"]["cost"]["remaining"])
    assert left == [249_997, 249_994, 249_991]


async def test_mutations_cost_their_base_whatever_they_find(world: World) -> None:
    async with served(world, SHOWN) as client:
        text = 'mutation { labelDelete(input: {id: "lab_01jd0000000000000000000000"}) { errors { code } } }'
        answer = await asked(client, text)
        assert answer["data"]["labelDelete"]["errors"] == [{"code": "NOT_FOUND"}]
        assert answer["extensions"]["cost"]["actual"] == 10


async def test_conditions_cost_their_points_whatever_they_find(world: World) -> None:
    text = """query($slug: String!, $filter: IssueFilter) { workspace(slug: $slug) {
      issues(first: 7, filter: $filter) { nodes { id } } } }"""
    async with served(world, SHOWN) as client:
        costs = []
        for conditions in ({"title": {"contains": "no such title"}}, {"number": {"gt": 1_000_000}}):
            answer = await asked(client, text, slug=world.here.workspace.slug, filter=conditions)
            assert answer["data"]["workspace"]["issues"]["nodes"] == []
            costs.append((answer["extensions"]["cost"]["requested"], answer["extensions"]["cost"]["actual"]))
        assert costs == [(2 + 7 + 10, 1 + 10), (2 + 7 + 1, 1 + 1)]  # the workspace is the only row


async def test_the_field_is_null_where_nothing_is_counted(world: World) -> None:
    assert await world.owner.run("{ rateLimit { cost } }") == {"rateLimit": None}
