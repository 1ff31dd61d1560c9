"""The plan of an operation as text: generated code, and the fields that graphql-core executes, with reasons."""

from collections.abc import Iterator, Mapping
from typing import Any

import strawberry
from graphql import (
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    parse,
    validate,
)
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.values import get_variable_values

from strawberry_compiled.operations import CompiledOperation
from strawberry_compiled.planning import NotCompilable, Source
from strawberry_compiled.plans import Plan
from strawberry_compiled.rows import RowType
from strawberry_compiled.strawberry_internals import core_schema, reason_for_stock


def explain(schema: strawberry.Schema, query: str, variables: Mapping[str, Any] | None = None) -> str:
    """The generated code of each operation in the document, below comments about what graphql-core executes instead.

    Further comments say which batch fields ask for rows, with the columns, and why others ask for objects. `variables`
    needs values for the variables in @skip and @include only. Raises GraphQLError if the document is not valid.
    """
    core = core_schema(schema)
    document = parse(query)
    for error in validate(core, document):
        raise error
    fragments = {
        each.name.value: FragmentDetails(each)
        for each in document.definitions
        if isinstance(each, FragmentDefinitionNode)
    }
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    row_types: Mapping[str, RowType] = getattr(schema.execution_context_class, "row_types", {})
    return "\n\n".join(
        _explained(core, CompiledOperation(core, each, fragments, row_types=row_types), each, variables or {})
        for each in operations
    )


def _explained(
    core: GraphQLSchema,
    compiled: CompiledOperation,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any],
) -> str:
    title = f"{operation.operation.value} {operation.name.value if operation.name else '(unnamed)'}"
    try:
        plan = _plan(core, compiled, operation, variables)
        source = plan.complete_source()
    except NotCompilable as reason:
        return f"# {title}: executed by graphql-core: {reason}"
    return "\n".join([f"# {title}: {plan.field_count} fields", *_left_to_core(core, plan), *_forms(plan), "", source])


def _plan(
    core: GraphQLSchema, compiled: CompiledOperation, operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> Plan:
    definitions = [
        each for each in operation.variable_definitions or () if each.variable.name.value in compiled.conditions
    ]
    values = get_variable_values(core, definitions, dict(variables))
    if isinstance(values, list):
        raise GraphQLError(" ".join(error.message for error in values), operation)
    return compiled.plan(values)


def _left_to_core(core: GraphQLSchema, plan: Plan) -> Iterator[str]:
    """One line for each field that graphql-core resolves, with the reason."""
    lines = {
        f"# {field.parent_type.name}.{field.details[0].node.name.value}: resolved by graphql-core: "
        f"{reason_for_stock(core, field.definition)}"
        for field in plan.fields
        if field.source is Source.OTHER
    }
    yield from sorted(lines)


def _forms(plan: Plan) -> Iterator[str]:
    """One line for each batch field in a plan that knows rows: what it asks for."""
    for field in plan.fields:
        form = plan.form(field) if field.source is Source.BATCH else ""
        if form:
            yield f"# {field.parent_type.name}.{field.details[0].node.name.value}: {form}"
