"""Executors of operations that have run before, without what is equal in all runs of an operation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from graphql import (
    DocumentNode,
    Executor,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
    default_field_resolver,
    default_type_resolver,
    get_nullable_type,
    is_leaf_type,
    is_non_null_type,
)
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource, input_is_nested_too_deeply
from graphql.utilities import coerce_input_value

E = TypeVar("E", bound=Executor[Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutorParts:
    """Fragments of an operation and types of its variables, which `Executor.build` looks for in each run."""

    schema: GraphQLSchema
    operation: OperationDefinitionNode
    fragments: dict[str, FragmentDefinitionNode]
    details: dict[str, FragmentDetails]
    variables: Sequence[GraphQLVariableSignature]

    @classmethod
    def of(cls, schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) -> "ExecutorParts":
        """The parts of an operation of a valid document."""
        definitions = [each for each in document.definitions if isinstance(each, FragmentDefinitionNode)]
        found = [get_variable_signature(schema, each) for each in operation.variable_definitions or ()]
        variables = [each for each in found if isinstance(each, GraphQLVariableSignature)]
        assert len(variables) == len(found), "validation refuses variables of unknown types"
        return cls(
            schema=schema,
            operation=operation,
            fragments={each.name.value: each for each in definitions},
            details={each.name.value: FragmentDetails(each, None) for each in definitions},
            variables=variables,
        )

    def executor(self, executor_class: type[E], given: Mapping[str, Any], context: Any, **options: Any) -> E | None:
        """The executor that `executor_class.build` returns; None if it refuses a variable or uses a default value."""
        values = self.values(given)
        if values is None:
            return None
        resolvers = default_field_resolver, default_type_resolver, default_field_resolver
        return executor_class(
            self.schema,
            self.fragments,
            self.details,
            None,
            context,
            self.operation,
            values,
            *resolvers,
            **options,
        )

    def values(self, given: Mapping[str, Any]) -> VariableValues | None:
        """The variables as graphql-core coerces them; None if it refuses one or uses a default value."""
        sources: dict[str, VariableValueSource] = {}
        coerced: dict[str, Any] = {}
        try:
            for variable in self.variables:
                name, type_ = variable.name, variable.type
                value = given.get(name, Undefined)
                if value is Undefined:
                    if variable.default is not None or is_non_null_type(type_):
                        return None
                    sources[name] = VariableValueSource(variable)
                    continue
                if not is_leaf_type(get_nullable_type(type_)) and input_is_nested_too_deeply(value, type_):
                    return None
                made = coerce_input_value(value, type_)
                if made is Undefined:
                    return None
                sources[name], coerced[name] = VariableValueSource(variable, value), made
        except (GraphQLError, RecursionError):
            return None
        return VariableValues(sources, coerced)
