"""A pytest plugin: graphql-core's and Strawberry's own tests with compiled execution, and what came of each.

--execution stock      as they are (for comparison)
--execution compiled   every operation by its plan; graphql-core resolves and completes what is not Strawberry's
--execution generated  the same, but the plan's own code calls graphql-core's resolvers and completes their results
--execution sabotaged  the same, with wrong plans: tests that pass were not executed by one
--outcomes FILE        writes the outcome of each test, and how operations were executed, as JSON
"""

import json
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import strawberry.schema.schema
from graphql import Executor, FieldNode, GraphQLField
from graphql.execution.collect_fields import FieldDetailsList
from graphql.execution.executor_throwing_on_incremental import ExecutorThrowingOnIncremental
from graphql.execution.values import VariableValues, get_argument_values
from strawberry_compiled.generation import Generator
from strawberry_compiled.planning import Planner, Source

from strawberry_compiled import CompiledExecutor, Plan, fallbacks

outcomes: dict[str, str] = {}
counts: Counter[str] = Counter()


class CompiledForGraphQLCore(CompiledExecutor):
    """Strawberry's resolvers get the variables' values as a plain dict; those of graphql-core's tests do not."""

    build_resolve_info = Executor.build_resolve_info


class CompiledForSubscriptions(ExecutorThrowingOnIncremental, CompiledForGraphQLCore):  # type: ignore[misc]
    """Default executor of `graphql.subscribe`: @defer and @stream are errors."""


class CoercedArguments:
    """Arguments as graphql-core gives them to a resolver, in place of `strawberry_compiled.arguments.Arguments`."""

    is_constant = False
    constant = None

    def __init__(self, definition: GraphQLField, node: FieldNode) -> None:
        self._definition = definition
        self._node = node

    def values(self, variable_values: VariableValues, *, hides_suggestions: bool) -> dict[str, Any]:
        return get_argument_values(self._definition, self._node, variable_values, None, hides_suggestions)


def resolution(planner: Planner, definition: GraphQLField, details: FieldDetailsList) -> Mapping[str, Any]:
    """Has the plan call a field's resolver itself, as it calls the methods of Strawberry's types."""

    def resolve(source: Any, /, *, info__: Any, **arguments: Any) -> Any:
        executor = info__.async_helpers.gather.__self__
        return (definition.resolve or executor.field_resolver)(source, info__, **arguments)

    node = details[0].node
    return {
        "source": Source.FUNCTION,
        "function": resolve,
        "takes": {"source": "self", "info__": "info"},
        "arguments": CoercedArguments(definition, node) if definition.args or node.arguments else None,
        "make_info": lambda info: info,
    }


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--execution", choices=("stock", "compiled", "generated", "sabotaged"), default="stock")
    parser.addoption("--outcomes", type=Path)


def pytest_configure(config: pytest.Config) -> None:
    execution = config.getoption("--execution")
    if execution == "stock":
        return
    core: Any = sys.modules["graphql.execution.execute"]  # the package has a function of that name
    core.IncrementalExecutor = CompiledForGraphQLCore
    core.ExecutorThrowingOnIncremental = CompiledForSubscriptions
    strawberry.schema.schema.StrawberryGraphQLCoreExecutionContext = CompiledExecutor  # type: ignore[misc]
    if execution == "generated":
        Planner._resolution = resolution  # type: ignore[assignment, method-assign]
    if execution == "sabotaged":
        Generator._literal = lambda *_: "{'wrong': None}"  # type: ignore[method-assign]
    _count(CompiledExecutor, "_begin", "operations")
    _count(Plan, "__init__", "plans")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" or report.outcome != "passed":
        detail = "" if report.outcome == "passed" else str(report.longrepr).strip().rsplit("\n", 1)[-1]
        outcomes[report.nodeid] = f"{report.outcome} {detail}".strip()


def pytest_sessionfinish(session: pytest.Session) -> None:
    path: Path | None = session.config.getoption("--outcomes")
    if path is not None:
        content = {"outcomes": outcomes, "counts": counts, "fallbacks": fallbacks}
        path.write_text(json.dumps(content, indent=1), encoding="utf-8")


def _count(owner: type, method: str, name: str) -> None:
    original = getattr(owner, method)

    def counted(self: Any, *arguments: Any) -> Any:
        result = original(self, *arguments)
        counts[name] += 1  # a plan that could not be made is none
        return result

    setattr(owner, method, counted)
