"""Checks that objects of a workspace have a guest rule. Without one, guests would see all of them."""

from collections.abc import Collection
from inspect import isclass
from typing import Any

from infra.db.filters import Filters, Search, ToMany, ToSmallSet
from infra.db.reader import EntityTable
from infra.db.repository import SqlTenantRepository
from infra.db.visibility import GuestRule
from tests.architecture.sources import sources

OPEN_TO_GUESTS = {
    "infra/labels/reader.py": "labels belong to no project",
    "infra/issues/filters.py labels": "labels belong to no project",
    "SqlLabelRepository": "labels belong to no project",
    "SqlWorkspaceRepository": "guests see their workspace",
    "SqlBatchRunRepository": "needs a permission that guests do not have",
    "SqlInvitationRepository": "needs a permission that guests do not have",
}
"""Repository, file of a list, or relation of a filter -> why guests see all of it."""


def repositories() -> dict[str, GuestRule | None]:
    modules = [source.module for source in sources("infra/*/repository.py")]
    found = {value for module in modules for value in vars(module).values() if isclass(value)}
    tenants = [each for each in found if issubclass(each, SqlTenantRepository) and hasattr(each, "table")]
    return {each.__name__: each.guests for each in tenants}


def lists() -> dict[str, GuestRule | None]:
    found: dict[str, GuestRule | None] = {}
    for source in sources("infra/*/reader.py"):
        for name, value in vars(source.module).items():
            if isinstance(value, EntityTable):
                found[source.name if value.guests is None else f"{source.name} {name}"] = value.guests
    return found


def lookups() -> dict[str, GuestRule | None]:
    """Lookups that filters make before they are applied."""
    found: dict[str, GuestRule | None] = {}
    for source in sources("infra/*/filters.py"):
        for filters in [value for value in vars(source.module).values() if isinstance(value, Filters)]:
            for name, relation in filters.lookups.items():
                inner = relation.filters if isinstance(relation, ToMany) else relation
                if isinstance(inner, ToSmallSet | Search):
                    found[f"{source.name} {name}"] = inner.guests
    return found


def unruled(rules: dict[str, Any], open_ones: Collection[str]) -> list[str]:
    return sorted(name for name, rule in rules.items() if rule is None and name not in open_ones)


def test_everything_has_a_rule_for_guests() -> None:
    rules: dict[str, Any] = repositories() | lists() | lookups()
    assert len(rules) > 16
    assert unruled(rules, OPEN_TO_GUESTS) == [], "Give it a GuestRule, or say in OPEN_TO_GUESTS why not."
    assert OPEN_TO_GUESTS.keys() == {name for name, rule in rules.items() if rule is None}


def test_a_list_without_a_guest_rule_is_found() -> None:
    assert unruled({"One": None, "Two": None, "Three": object()}, {"Two"}) == ["One"]
