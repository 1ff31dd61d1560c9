"""Every update of an object in a workspace can expect a revision, and refuses to overwrite later changes."""

import ast
import re
from dataclasses import is_dataclass
from typing import Any

from graphql import GraphQLInputObjectType, GraphQLNonNull

from api.graphql.runner import graphql_schema
from api.schema import schema
from api.shared.inputs import MutationInput, UpdateInput
from domain.shared.unset import Changes
from tests.architecture.sources import Source, sources

OUTSIDE = {
    "ViewerUpdateInput": "an account belongs to no workspace, and has no events",
    "ProfileChanges": "an account belongs to no workspace, and has no events",
}
"""Input or command of an update without an expected revision -> why."""


CHECK = re.compile(r"uow\.check_(order_)?unchanged\(")


def unchecked(source: Source) -> list[str]:
    """Methods of services that take changes of an entity and do not compare them with later ones."""
    found = []
    for function in source.functions:
        taken = {ast.unparse(each.annotation) for each in function.args.args if each.annotation is not None}
        kinds = sorted(name for name in taken if name.endswith("Changes") and name not in OUTSIDE)
        if kinds and not function.name.startswith("_") and not CHECK.search(ast.unparse(function)):
            found.append(f"{source.name}: {function.name} takes {kinds[0]} without `await uow.check_unchanged(…)`.")
    return found


def update_inputs() -> dict[str, GraphQLInputObjectType]:
    mutations = graphql_schema(schema).mutation_type
    assert mutations is not None
    inputs = {}
    for name, field in mutations.fields.items():
        kind: Any = field.args["input"].type
        assert isinstance(kind, GraphQLNonNull)
        if name.endswith(("Update", "Reorder")) and kind.of_type.name not in OUTSIDE:
            inputs[kind.of_type.name] = kind.of_type
    return inputs


def test_every_update_mutation_takes_an_expected_revision() -> None:
    inputs = update_inputs()
    without = [name for name, kind in inputs.items() if "expectedRevision" not in kind.fields]
    assert without == [], "Derive the input from UpdateInput (api/shared/inputs.py), or enter it in OUTSIDE."
    assert len(inputs) == 10


def test_commands_and_inputs_of_changes_belong_together() -> None:
    faults = []
    for known in schema.schema_converter.type_map.values():
        origin = getattr(known.definition, "origin", None)
        described = getattr(origin, "describes", None)
        if not (isinstance(origin, type) and isinstance(described, type)):
            continue
        # The change inside of a batch's input has no expected revision of its own.
        if not issubclass(origin, MutationInput):
            continue
        if issubclass(origin, UpdateInput) is not issubclass(described, Changes):
            faults.append(origin.__name__)
    assert faults == [], "Derive the input from UpdateInput and its command from Changes, or neither."


def test_every_command_of_changes_has_the_expected_revision() -> None:
    commands = [
        (name, kind)
        for source in sources("domain/*/commands.py")
        for name, kind in vars(source.module).items()
        if name.endswith("Changes") and is_dataclass(kind) and kind is not Changes
    ]
    assert [name for name, kind in commands if not issubclass(kind, Changes) and name not in OUTSIDE] == []
    assert len(commands) > 8


def test_every_service_compares_changes_with_later_ones() -> None:
    assert [fault for source in sources("domain/*/*service.py") for fault in unchecked(source)] == []


def test_a_service_that_overwrites_is_found() -> None:
    text = "class S:\n    async def update(self, actor: Actor, id: str, changes: ThingChanges) -> None: ..."
    assert unchecked(Source("sample.py", text)) == [
        "sample.py: update takes ThingChanges without `await uow.check_unchanged(…)`."
    ]
