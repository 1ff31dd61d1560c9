"""A schema as text."""

from graphql import GraphQLSchema, lexicographic_sort_schema, print_schema


def sdl_of(schema: GraphQLSchema) -> str:
    """The schema's text, sorted so that a change shows as what it is."""
    return print_schema(lexicographic_sort_schema(schema)) + "\n"
