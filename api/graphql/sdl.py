"""Printing of a schema as SDL."""

from graphql import GraphQLSchema, lexicographic_sort_schema, print_schema


def sdl_of(schema: GraphQLSchema) -> str:
    """The schema's SDL in sorted order, so that a change of the schema is a small difference of the text."""
    return print_schema(lexicographic_sort_schema(schema)) + "\n"
