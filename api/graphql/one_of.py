from graphql import GraphQLInputObjectType, GraphQLSchema


def mark_one_of(schema: GraphQLSchema) -> None:
    """Makes graphql-core print and check oneOf inputs. Strawberry's rule fails on variables in fragments."""
    for each in schema.type_map.values():
        if isinstance(each, GraphQLInputObjectType):
            definition = each.extensions.get("strawberry-definition")
            each.is_one_of = each.is_one_of or bool(getattr(definition, "is_one_of", False))
