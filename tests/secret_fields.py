"""Search for fields that can answer a secret."""

from graphql import GraphQLNamedType, GraphQLObjectType, GraphQLSchema, get_named_type, is_abstract_type

SECRET_NAMES = ("key", "link", "secret", "token", "password")


def secret_fields(of: GraphQLSchema) -> set[tuple[str, str]]:
    """Output fields with a secret's name that a query or subscription can reach."""
    new: list[GraphQLNamedType] = [root for root in (of.query_type, of.subscription_type) if root is not None]
    seen, found = set(), set()
    while new:
        reached = new.pop()
        if reached.name in seen:
            continue
        seen.add(reached.name)
        if is_abstract_type(reached):
            new.extend(of.get_possible_types(reached))
        for name, field in getattr(reached, "fields", {}).items():
            inner = get_named_type(field.type)
            new.append(inner)
            if not isinstance(inner, GraphQLObjectType) and name.lower().endswith(SECRET_NAMES):
                found.add((reached.name, name))
    return found
