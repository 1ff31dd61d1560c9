"""Execution modes of the suite's API operations; tests/conftest.py chooses one.

`make test` runs every operation compiled, at first sight. With WORKGRAPH_TEST_EXECUTION=shadowed every query runs
compiled and then in graphql-core, which must agree, and all that may not run twice (mutations, subscriptions, and what
tests count the statements or scopes of) runs in graphql-core alone. Together, the two runs take every operation
through both executors. WORKGRAPH_TEST_EXECUTION=stock leaves out compiled execution.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from enum import StrEnum
from typing import Any

import orjson
import strawberry
from graphql import ExecutionResult, GraphQLError, OperationType

from api.graphql.counts import ExecutionCounts
from api.graphql.documents import DocumentCache, DocumentRefused
from api.graphql.options import ExecutionOptions
from api.graphql.runner import OperationRunner, graphql_schema
from api.shared.context import Context
from api.shared.scalars import json_bytes
from tests import api_defaults

VARIABLE = "WORKGRAPH_TEST_EXECUTION"


class Mode(StrEnum):
    STOCK = "stock"
    COMPILED = "compiled"
    SHADOWED = "shadowed"


mode = Mode.COMPILED
_STOCK = api_defaults.execution(is_compiled=False)
_COMPILED = api_defaults.execution(stock_runs=0)
_SHADOWED = api_defaults.execution(stock_runs=0, shadow_one_in=1)
_runners: list[OperationRunner] = []


def choose(name: str) -> None:
    """Sets the execution mode; called before the first test."""
    global mode
    mode = Mode(name)


def options() -> ExecutionOptions:
    """Execution options of applications that tests build. Queries run once there, since many tests count executions."""
    return _COMPILED if mode is Mode.COMPILED else _STOCK


class Executions:
    """Runs the operations of tests on one schema, and waits for the shadow runs."""

    def __init__(self, schema: strawberry.Schema) -> None:
        self._documents = DocumentCache(graphql_schema(schema), api_defaults.limits())
        self._once = OperationRunner(schema, options(), hides_suggestions=False)
        self._queries = self._once
        _runners.append(self._once)
        if mode is Mode.SHADOWED:
            self._queries = OperationRunner(schema, _SHADOWED, hides_suggestions=False)
            _runners.append(self._queries)

    async def execute(self, query: str, variables: Mapping[str, Any], context: Context) -> ExecutionResult:
        """The result, its data as a client reads them."""
        try:
            prepared = self._documents.prepare(query)
            operation = prepared.operation(None)
        except DocumentRefused as refused:
            return ExecutionResult(None, list[GraphQLError](refused.errors))
        may_repeat = operation.type is OperationType.QUERY and not _held_back
        runner = self._queries if may_repeat else self._once
        result = await runner.execute(prepared, operation, variables=variables, context=context)
        await runner.shadow.settle()
        return ExecutionResult(orjson.loads(json_bytes(result.data)), result.errors)


_held_back: list[None] = []


@contextmanager
def no_repetition() -> Iterator[None]:
    """Executes every operation of the block only once, for tests that count statements or scopes."""
    _held_back.append(None)
    try:
        yield
    finally:
        _held_back.pop()


def counts() -> dict[str, Any]:
    """The sums of all runners of this process."""
    names = [each.name for each in fields(ExecutionCounts)]
    return added({name: getattr(runner.counts, name) for name in names} for runner in _runners)


def added(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Numbers and numbers by reason, each with its like."""
    total: dict[str, Any] = {}
    for part in parts:
        for name, value in part.items():
            if isinstance(value, Mapping):
                total[name] = dict(Counter(total.get(name, {})) + Counter(value))
            else:
                total[name] = total.get(name, 0) + value
    return total


class ExecutionReport:
    """Pytest plugin: prints the counts of all processes at the end, as one line of JSON."""

    def __init__(self) -> None:
        self._parts: list[Mapping[str, Any]] = []

    def pytest_sessionfinish(self, session: Any) -> None:
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput["executions"] = counts()

    def pytest_testnodedown(self, node: Any) -> None:
        self._parts.append(getattr(node, "workeroutput", {}).get("executions", {}))

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        total = added([*self._parts, counts()])
        terminalreporter.write_line(f"executions: {orjson.dumps(total).decode()}")
