"""Root fields and documents that request them, derived from the schema so that new fields are included."""

from graphql import GraphQLArgument, GraphQLField, get_named_type, is_leaf_type, is_required_argument

from api.graphql.runner import graphql_schema
from api.schema import schema

SCHEMA = graphql_schema(schema)


def root_fields() -> list[tuple[str, str, GraphQLField]]:
    """Kind of operation, name and field."""
    roots = {"query": SCHEMA.query_type, "mutation": SCHEMA.mutation_type, "subscription": SCHEMA.subscription_type}
    return [
        (operation, name, field) for operation, root in roots.items() if root for name, field in root.fields.items()
    ]


def asking(operation: str, name: str, field: GraphQLField) -> str:
    """A document that asks for one root field; its variables are called like the required arguments."""
    required: dict[str, GraphQLArgument] = {key: each for key, each in field.args.items() if is_required_argument(each)}
    variables = ", ".join(f"${key}: {each.type}" for key, each in required.items())
    arguments = ", ".join(f"{key}: ${key}" for key in required)
    selection = "" if is_leaf_type(get_named_type(field.type)) else " { __typename }"
    head = f"{operation}({variables})" if required else operation
    return f"{head} {{ {name}{f'({arguments})' if required else ''}{selection} }}"
