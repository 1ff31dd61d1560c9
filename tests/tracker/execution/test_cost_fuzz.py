"""No operation reads more than it costs: random reading operations on Workgraph's own schema and database."""

import random
from collections import Counter

import pytest
from graphql import OperationType
from strawberry_compiled.testing.fuzzing.operations import OperationWriter, Sizes

from api.graphql.documents import DocumentCache, DocumentRefused
from api.graphql.runner import OperationRunner, graphql_schema
from api.schema import schema
from api.shared.context import Context
from domain.shared.actor import Role
from tests import api_defaults
from tests.tracker.api.lists import LISTS
from tests.tracker.api.world import World
from tests.tracker.execution.workgraph_fuzzer import WorkgraphValues, furnish

CORE = graphql_schema(schema)
LIMITS = api_defaults.limits(depth=40, aliases=500, tokens=20_000, document_bytes=100_000, fields=50_000)


async def underestimates(world: World, first: int, count: int) -> tuple[list[str], Counter[str]]:
    pools = await furnish(world)
    documents = DocumentCache(CORE, LIMITS)
    runner = OperationRunner(schema, api_defaults.execution(stock_runs=0), hides_suggestions=False)
    found, outcomes = [], Counter[str]()
    for seed in range(first, first + count):
        chance = random.Random(f"cost {seed}")
        values = WorkgraphValues(chance, world, pools, [])
        sizes = Sizes(fields=chance.choice([8, 20, 50]), depth=chance.choice([4, 7]), items=30.0, entry="workspace")
        operation = OperationWriter(CORE, chance, values, sizes).operation(OperationType.QUERY)
        context = Context(app=world.app, actor=world.client(chance.choice([*Role])).actor)
        try:
            prepared = documents.prepare(operation.text)
        except DocumentRefused:
            outcomes["refused"] += 1
            continue
        known = prepared.operation(operation.name)
        variables = dict(operation.variables)
        price = known.cost.price(variables)
        conditions = price.lasting - known.cost.lasting  # these points pay for no row
        declared = price.points - conditions
        result = await runner.execute(prepared, known, variables=variables, context=context)
        outcomes["with errors" if result.errors else "well"] += 1
        outcomes["rows"] += context.rows_read
        outcomes["declared"] += declared
        if context.rows_read > declared:
            found.append(f"seed {seed}: {context.rows_read} rows, {declared} points\n{operation.text}\n{variables}")
    return found, outcomes


async def test_no_operation_reads_more_than_it_costs(world: World) -> None:
    found, outcomes = await underestimates(world, 0, 50)
    assert found == []
    assert outcomes["well"] + outcomes["with errors"] > 30, outcomes
    assert outcomes["rows"] > 50, outcomes


@pytest.mark.verify
@pytest.mark.parametrize("first", [1_000, 1_100, 1_200, 1_300, 1_400])
async def test_no_operation_reads_more_than_it_costs_at_length(world: World, first: int) -> None:
    found, outcomes = await underestimates(world, first, 100)
    assert found == []
    assert outcomes["rows"] > 100, outcomes


@pytest.mark.parametrize("name", LISTS)
async def test_a_full_page_reads_what_it_costs(world: World, name: str) -> None:
    listed = await LISTS[name](world, 55)
    prepared = DocumentCache(CORE, LIMITS).prepare(listed.query("", "nodes { id }"))
    operation = prepared.operation(None)
    context = Context(app=world.app, actor=listed.client.actor)
    runner = OperationRunner(schema, api_defaults.execution(stock_runs=0), hides_suggestions=False)
    result = await runner.execute(prepared, operation, variables=None, context=context)
    assert result.errors is None
    points = operation.cost.points(None)
    assert points - 1 <= context.rows_read <= points  # a page of 20 reads a 21st row, to know whether there are more
