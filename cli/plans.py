"""`workgraph schema plan`: the Python code that operations are compiled to."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from graphql import DocumentNode, FragmentDefinitionNode, GraphQLError, OperationType
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.values import VariableValues, get_variable_values

from api.graphql.documents import DocumentCache, DocumentRefused, Operation
from api.graphql.row_types import row_types
from api.graphql.runner import graphql_schema
from api.main import query_limits
from api.schema import schema
from api.shared.scalars import LEFT_TO_JSON
from infra.settings import load_settings
from strawberry_compiled import CompiledOperation, NotCompilable, Plan


class PlanRefused(Exception):
    """A document or an operation cannot be compiled; each problem is one line, `file:line:column: message`."""


def printed_plans(text: bytes, *, name: str, variables: str) -> Iterator[str]:
    """The generated code of each operation; raises PlanRefused after the last one if any cannot be compiled.

    `variables` is a JSON object with values of variables in @skip and @include.
    """
    core_schema = graphql_schema(schema)
    try:
        prepared = DocumentCache(core_schema, query_limits(load_settings())).prepare(text.decode())
    except UnicodeDecodeError as error:
        raise PlanRefused(f"{name}: The file is not UTF-8 text.") from error
    except DocumentRefused as refused:
        raise PlanRefused("\n".join(_line(name, error) for error in refused.errors)) from refused
    given, rows = _object(variables), row_types(core_schema)
    problems = []
    for operation in prepared.operations.values():
        fragments = _fragments(prepared.document)
        compiled = CompiledOperation(core_schema, operation.node, fragments, LEFT_TO_JSON, rows)
        try:
            yield _printed(compiled, operation, _conditions(compiled, operation, given))
        except NotCompilable as reason:
            problems.append(_line(name, GraphQLError(f"{_title(operation)} is not compiled: {reason}", operation.node)))
        except PlanRefused as refused:
            problems.append(_line(name, GraphQLError(str(refused), operation.node)))
    if problems:
        raise PlanRefused("\n".join(problems))


def _printed(compiled: CompiledOperation, operation: Operation, conditions: VariableValues) -> str:
    started = time.perf_counter()
    plan: Plan = compiled.plan(conditions)
    source = plan.complete_source()
    milliseconds = (time.perf_counter() - started) * 1000
    header = f"{plan.field_count} fields, {len(source) / 1000:.1f} KB, compiled in {milliseconds:.1f} ms"
    values = "".join(f"\n# ${name} is {conditions.coerced.get(name)!r}" for name in compiled.conditions)
    return f"# {_title(operation)}: {header}{values}\n\n{source}"


def _conditions(compiled: CompiledOperation, operation: Operation, given: Mapping[str, Any]) -> VariableValues:
    """Values of the variables in @skip and @include; a plan does not depend on other variables."""
    definitions = [
        each for each in operation.node.variable_definitions or () if each.variable.name.value in compiled.conditions
    ]
    values = get_variable_values(graphql_schema(schema), definitions, dict(given))
    if isinstance(values, list):
        reasons = " ".join(error.message for error in values)
        example = orjson.dumps(dict.fromkeys(compiled.conditions, True)).decode()
        raise PlanRefused(f"{reasons} Set it with --variables, such as '{example}'.")
    return values


def _fragments(document: DocumentNode) -> dict[str, FragmentDetails]:
    return {
        each.name.value: FragmentDetails(each)
        for each in document.definitions
        if isinstance(each, FragmentDefinitionNode)
    }


def _object(text: str) -> dict[str, Any]:
    try:
        given = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise PlanRefused(f"--variables: {error}") from error
    if not isinstance(given, dict):
        raise PlanRefused("--variables: Expected a JSON object.")
    return given


def _title(operation: Operation) -> str:
    kind: OperationType = operation.type
    return f"{kind.value} {operation.name}" if operation.name else f"anonymous {kind.value}"


def _line(name: str, error: GraphQLError) -> str:
    place = error.locations[0] if error.locations else None
    return f"{name}:{place.line}:{place.column}: {error.message}" if place else f"{name}: {error.message}"
