"""One case of the fuzzer: an operation and data generated from a seed, run under both executors."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    OperationType,
    get_operation_ast,
    parse,
    validate,
)
from graphql.execution.collect_fields import FragmentDetails
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from strawberry_compiled import CompiledExecutor, CompiledOperation
from strawberry_compiled.testing.fuzzing.comparison import difference, known_errors
from strawberry_compiled.testing.fuzzing.context import World
from strawberry_compiled.testing.fuzzing.data import Chances
from strawberry_compiled.testing.fuzzing.operations import Operation, OperationWriter, Sizes
from strawberry_compiled.testing.fuzzing.running import ExecutorClass, Observed, field_names, run
from strawberry_compiled.testing.fuzzing.schemas import generated_schema

SEEDS_PER_SCHEMA = 80
"""Neighboring seeds that share a schema, because generating a schema takes as long as about ten cases."""
INTROSPECTION = "introspection"
"""Reason of the one expected kind of fallback."""


class Mode(Enum):
    """Kinds of data and operations."""

    CLEAN = "clean"
    FAULTS = "faults"
    ASYNC = "async"
    ASYNC_FAULTS = "async-faults"
    BATCH_FAULTS = "batch-faults"
    MUTATIONS = "mutations"
    SUBSCRIPTIONS = "subscriptions"
    REUSE = "reuse"
    """One document executed repeatedly, with different variables and data."""


_CHANCES = {
    Mode.CLEAN: [Chances()],
    Mode.FAULTS: [Chances(faults=0.02), Chances(faults=0.1)],
    Mode.ASYNC: [Chances(waits=0.05), Chances(waits=0.3)],
    Mode.ASYNC_FAULTS: [Chances(faults=0.03, waits=0.1), Chances(faults=0.08, waits=0.3)],
    Mode.BATCH_FAULTS: [Chances(batch_faults=0.3), Chances(faults=0.03, waits=0.05, batch_faults=0.3)],
}
_DATES: Mapping[str, type] = {"DateTime": datetime, "Date": date}
_LEFT_TO_JSON: Sequence[Mapping[str, type]] = ({}, {"Date": date}, _DATES, _DATES)
_ANY_CHANCES = [chances for each in _CHANCES.values() for chances in each]


class FrugalExecutor(CompiledExecutor):
    """Executor with all promises of an application: reads one by one, functions change no arguments."""

    awaits_one_by_one = True
    shares_arguments = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A test case; `runs` are executed one after the other with the same document."""

    seed: int
    mode: Mode
    executor_class: ExecutorClass
    left_to_json: Mapping[str, type]
    document: DocumentNode
    runs: Sequence[tuple[Operation, World]]

    @property
    def schema_seed(self) -> int:
        return self.seed // SEEDS_PER_SCHEMA


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    case: Case
    operation: Operation
    world: World
    what: str
    stock: Observed
    compiled: Observed


def make_case(seed: int, mode: Mode) -> Case:
    chance = random.Random(f"case {seed} {mode.value}")
    schema = generated_schema(seed // SEEDS_PER_SCHEMA)
    sizes = Sizes(fields=chance.choice([3, 8, 15, 25, 40]), depth=chance.choice([3, 5, 8]))
    writer = OperationWriter(schema.core, chance, sizes=sizes)
    kind = {Mode.MUTATIONS: OperationType.MUTATION, Mode.SUBSCRIPTIONS: OperationType.SUBSCRIPTION}.get(mode)
    operation = writer.operation(kind or OperationType.QUERY)
    document = parse(operation.text)
    names = field_names(document)
    likely = _CHANCES.get(mode, _ANY_CHANCES)
    runs = []
    for number in range(4 if mode is Mode.REUSE else 1):
        world = World(seed=f"{seed} {mode.value} {number}", chances=chance.choice(likely), names=names)
        runs.append((writer.again(operation) if number else operation, world))
    executor_class = FrugalExecutor if chance.random() < 0.3 else CompiledExecutor
    return Case(
        seed=seed,
        mode=mode,
        executor_class=executor_class,
        left_to_json=chance.choice(_LEFT_TO_JSON),
        document=document,
        runs=runs,
    )


class InvalidOperation(AssertionError):
    """The fuzzer wrote an operation that does not pass validation."""


class UnexpectedFallback(AssertionError):
    """The compiled executor used graphql-core for an operation that it should execute itself."""


async def try_case(
    case: Case,
    outcomes: Counter[str],
    *,
    executor_class: ExecutorClass | None = None,
    validates: bool = False,
) -> Difference | None:
    """The first difference between both executors, if any; counts the outcomes.

    Raises UnexpectedFallback, and InvalidOperation if it `validates`.
    """
    schema = generated_schema(case.schema_seed)
    if validates and (errors := validate(schema.core, case.document)):
        raise InvalidOperation(f"{errors[0]}\nSeed {case.seed}, {case.mode.value}: {case.runs[0][0].text}")
    planned = with_plan(case, case.document, case.runs[0][0], executor_class or case.executor_class)
    for operation, world in case.runs:
        stock, compiled = await both(case, case.document, operation, world, planned)
        what = difference(stock, compiled)
        if what:
            return Difference(case=case, operation=operation, world=world, what=what, stock=stock, compiled=compiled)
        outcomes[_outcome(operation, stock, compiled)] += 1
    return None


async def both(
    case: Case,
    document: DocumentNode,
    operation: Operation,
    world: World,
    planned: ExecutorClass | None = None,
) -> tuple[Observed, Observed]:
    """Observations of stock execution and of compiled execution (or the given executor)."""
    schema = generated_schema(case.schema_seed)
    planned = planned or with_plan(case, document, operation, case.executor_class)
    stock = await run(schema, StrawberryGraphQLCoreExecutionContext, document, operation, world)
    compiled = await run(schema, planned, document, operation, world)
    for result in (*stock.results, *compiled.results):
        result.data = _as_sent(result.data, frozenset(case.left_to_json.values()))
    return stock, compiled


def with_plan(case: Case, document: DocumentNode, operation: Operation, executor_class: ExecutorClass) -> ExecutorClass:
    """The class with the row types of the schema, or with the plans of the operation if scalars are left to JSON."""
    schema = generated_schema(case.schema_seed)
    node = get_operation_ast(document, operation.name)
    if node is None or not issubclass(executor_class, CompiledExecutor):
        return executor_class
    if not case.left_to_json:
        return type(executor_class.__name__, (executor_class,), {"row_types": schema.row_types})
    fragments = {
        each.name.value: FragmentDetails(each)
        for each in document.definitions
        if isinstance(each, FragmentDefinitionNode)
    }
    compiled = CompiledOperation(schema.core, node, fragments, case.left_to_json, row_types=schema.row_types)
    return type(executor_class.__name__, (executor_class,), {"compiled": compiled})


def _as_sent(data: Any, left: frozenset[type]) -> Any:
    """The data as the JSON writer would send it, with dates as texts."""
    if not left:
        return data
    if type(data) is dict:
        return {key: _as_sent(each, left) for key, each in data.items()}
    if type(data) is list:
        return [_as_sent(each, left) for each in data]
    return data.isoformat() if type(data) in left else data


def _outcome(operation: Operation, stock: Observed, compiled: Observed) -> str:
    if compiled.fallbacks:
        if not operation.introspects or set(compiled.fallbacks) != {INTROSPECTION}:
            raise UnexpectedFallback(f"{dict(compiled.fallbacks)}: {operation.text}")
        return "fallback for introspection"
    theirs, ours = _errors(stock), _errors(compiled)
    has_rows = compiled.ledger.row_answers > 0
    if not theirs:
        return "equal, with rows" if has_rows else "equal"
    if all(error.path is None for error in theirs):
        return "refused before execution"
    if known_errors(ours) == known_errors(theirs):
        return "equal, with errors and rows" if has_rows else "equal, with errors"
    if sorted(known_errors(ours)) == sorted(known_errors(theirs)):
        return "equal, errors in another order"
    return "equal, other errors where both are null"


def _errors(observed: Observed) -> list[GraphQLError]:
    return [error for result in observed.results for error in result.errors or ()]
