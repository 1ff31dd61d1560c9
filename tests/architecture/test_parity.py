"""Checks that twofold declarations agree: GraphQL type and domain object, entity and table, input and command."""

import dataclasses
from collections.abc import Iterator, Mapping
from inspect import isclass
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import strawberry
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from strawberry.types.base import StrawberryMaybe, StrawberryObjectDefinition, StrawberryOptional
from strawberry.types.field import StrawberryField

from api.schema import schema
from api.shared.errors import UserError
from api.shared.inputs import MutationInput
from api.shared.mutations import Payload
from api.shared.nulls import never_null, refuses_null
from domain.shared.unset import Unset
from infra.db.repository import SqlRepository
from infra.metadata import TABLES
from tests.architecture.sources import sources

NOT_OF_THE_DOMAIN = {"Query", "Mutation", "Subscription", "Node"}
"""Roots, and the interface whose types each describe something of their own."""

COLUMNS_ALONE: dict[str, str] = {
    "BatchRunRow.options": "the command of the run, read through BatchRuns by the job and shown to nobody",
    "UserRow.deactivated_at": "asked by the statements that let people in, and shown to nobody",
    "IssueRow.lifecycle": "derived from the timestamps, in the database for indexes and in the entity as a property",
    "WorkspaceRow.deleting_since": "set for a workspace that nobody sees any more, until a job has deleted its rows",
    "WorkspaceRow.route": "generated; finds the workspaces that can hold an ID, and shown to nobody",
    "MemberRow.route": "generated; finds the memberships that an ID needs, and shown to nobody",
    "ApiKeyRow.digest": "of the secret, which no entity carries about",
}
"""`Row.column` that no entity shows -> why."""

ALWAYS_THERE = {
    "Connection.total_count": "None only where it was not asked for, and then nobody reads it",
}
"""`Type.field` that may be None in the domain, though never where GraphQL reads it -> why."""

TABLES_ALONE = {
    "BatchSkipRow": "skipped rows of a batch run, written through BatchRuns and read as BatchSkip",
    "BatchRowsRow": "IDs of a batch run's rows, read and written through BatchRuns",
    "DeletedObjectRow": "fields of deleted objects of several kinds, written and read through DeletedObjects",
    "EventRow": "the log, written by the Unit of Work and read as LoggedEvent",
    "EventTextRow": "long texts of the log, written and read with it",
    "ExternalIssueRow": "looked up by the import, many at once",
    "ExternalObjectRow": "looked up by the import, many at once",
    "ExternalSiteRow": "looked up by the import",
    "IdempotencyRow": "kept by the Unit of Work",
    "ImportLossKindRow": "counted by the import's report",
    "ImportLossRow": "lines of the import's report",
    "ImportMappingRow": "lines of the import's report",
    "ImportParentRow": "put aside by the import until it ends",
    "ImportedCommentRow": "looked up by the import, many at once",
    "ImportedIssueRow": "looked up by the import, many at once",
    "IssueAliasRow": "former identifiers, written by IssueRepository and the import, and read by lookups",
    "IssueAssigneeRow": "links, read and written through IssueRepository",
    "IssueLabelRow": "links, read and written through IssueRepository",
    "IssueWordsRow": "what the search for issues reads, written by IssueRepository, the import and the seed",
    "ListSizeRow": "counters, written by the Unit of Work and read by lists",
    "JobRow": "kept by the outbox, the runner and the sweep",
    "PasswordRow": "a hash alone, which no entity carries about",
    "SecurityEventRow": "the security log, written by the Unit of Work",
    "ProjectKeyRow": "keys that a project has or had, written through ProjectRepository",
    "ProjectNumberRow": "a counter, locked alone",
    "RefreshTokenRow": "digests alone, rotated through SessionRepository",
    "TrustedDocumentRow": "read and written whole through DocumentStore",
    "SeedRunRow": "progress of the command `workgraph seed`",
    "RevisionRow": "a counter, locked alone",
    "ScheduleRow": "when each routine ran last",
}
"""Tables that hold no entity -> why."""

NOT_ASKED: dict[str, str] = {
    "IssueChanges.expected_revision": "asked for all issues of a batch together, and for one in IssueUpdateInput",
}
"""`Command.field` that no input offers -> why."""


def definitions(*, is_input: bool) -> Iterator[StrawberryObjectDefinition]:
    for known in schema.schema_converter.type_map.values():
        definition = known.definition
        if isinstance(definition, StrawberryObjectDefinition) and definition.is_input is is_input:
            yield definition


def described(definition: StrawberryObjectDefinition) -> type[Any] | None:
    return getattr(definition.origin, "describes", None)


def hint_of(kind: type[Any], name: str) -> Any:
    """Declared type of a field or property; None if the class has neither."""
    found = get_type_hints(kind).get(name)
    if found is not None:
        return found
    value = getattr(kind, name, None)
    return get_type_hints(value.fget)["return"] if isinstance(value, property) else None


def alternatives(hint: Any) -> set[Any]:
    return set(get_args(hint)) if get_origin(hint) in (Union, UnionType) else {hint}


def is_optional(hint: Any) -> bool:
    return type(None) in alternatives(hint)


def type_faults(definition: StrawberryObjectDefinition) -> list[str]:
    kind = described(definition)
    if kind is None:
        return [f"{definition.name}: set `describes` to the domain class whose objects its fields are read from."]
    found = []
    for field in schema.get_fields(definition):
        if field.base_resolver is not None:
            continue
        hint = hint_of(kind, field.python_name)
        place = f"{definition.name}.{field.python_name}"
        if hint is None:
            found.append(f"{place}: add it to {kind.__module__}.{kind.__name__}, or give the field a resolver.")
        elif place in ALWAYS_THERE:
            continue
        elif is_optional(hint) and not isinstance(field.type, StrawberryOptional):
            found.append(f"{place}: may be None in the domain: make it nullable.")
        elif isinstance(field.type, StrawberryOptional) and not is_optional(hint):
            found.append(f"{place}: is never None in the domain: make it non-null.")
    return found


def test_every_field_without_resolver_exists_on_the_domain_object() -> None:
    own = [each for each in definitions(is_input=False) if each.name not in NOT_OF_THE_DOMAIN]
    read = [each for each in own if not issubclass(each.origin, Payload | UserError)]
    assert len(read) > 15
    assert [line for definition in read for line in type_faults(definition)] == []


def test_a_field_that_the_domain_does_not_have_is_found() -> None:
    @dataclasses.dataclass
    class Thing:
        name: str
        due: str | None

        @property
        def size(self) -> int:
            return 1

    @strawberry.type
    class ThingType:
        describes = Thing

        name: str | None
        due: str
        size: int
        weight: int
        made = strawberry.field(resolver=lambda: 1, graphql_type=int)

    @strawberry.type
    class Undescribed:
        name: str

    lines = type_faults(ThingType.__strawberry_definition__)
    assert [line.partition(":")[0] for line in lines] == ["ThingType.name", "ThingType.due", "ThingType.weight"]
    [line] = type_faults(Undescribed.__strawberry_definition__)
    assert line.startswith("Undescribed: set `describes`")


def input_faults(definition: StrawberryObjectDefinition, exceptions: Mapping[str, str]) -> list[str]:
    kind = described(definition)
    if kind is None:
        return []
    # Services take the ID of what is changed, or of what a new object is created in, apart from the command.
    common = {field.name for field in dataclasses.fields(MutationInput)} | {"id", "project_id", "workspace_id"}
    fields = {field.python_name: field for field in definition.fields}
    wanted = {field.name for field in dataclasses.fields(kind)}
    place = f"{kind.__module__}.{kind.__name__}"
    found = [
        f"{definition.name}.{name}: {place} has no such field." for name in sorted(fields.keys() - wanted - common)
    ]
    for name in sorted(wanted):
        if f"{kind.__name__}.{name}" in exceptions:
            continue
        if name not in fields:
            found.append(f"{definition.name}: offer {name} of {place}, or say in NOT_ASKED why not.")
            continue
        may_clear = Unset in alternatives(get_type_hints(kind)[name])
        if may_clear and not isinstance(fields[name].type, StrawberryMaybe):
            found.append(f"{definition.name}.{name}: may be left out: make it a Maybe.")
        elif may_clear and is_clearable(fields[name]) is not is_optional(get_type_hints(kind)[name]):
            found.append(f"{definition.name}.{name}: null must mean the same as None in {place}.")
    return found


def is_clearable(field: StrawberryField) -> bool:
    assert isinstance(field.type, StrawberryMaybe)
    return isinstance(field.type.of_type, StrawberryOptional) and not refuses_null(field)


def test_no_input_leaves_the_refusal_of_null_to_strawberry() -> None:
    """Requires optional fields to let null pass to the application, which answers with an error of its own.

    Strawberry's error fails the whole operation and names Python types. In oneOf inputs GraphQL itself refuses null.
    """
    fields = [
        (definition.name, field)
        for definition in definitions(is_input=True)
        if not definition.is_one_of
        for field in definition.fields
        if isinstance(field.type, StrawberryMaybe)
    ]
    assert len(fields) > 20
    bare = [
        f"{name}.{field.python_name}"
        for name, field in fields
        if not isinstance(field.type.of_type, StrawberryOptional)
    ]
    assert bare == [], "Make it Maybe[T | None] = never_null(...)."


def test_every_input_asks_for_what_its_command_or_filter_takes() -> None:
    inputs = [definition for definition in definitions(is_input=True) if described(definition)]
    assert len(inputs) > 20
    assert [line for definition in inputs for line in input_faults(definition, NOT_ASKED)] == []


def test_every_command_and_filter_is_asked_for_somewhere() -> None:
    offered = {described(definition) for definition in definitions(is_input=True)}
    kinds = {
        value
        for source in sources("domain/*/commands.py", "domain/*/queries.py")
        for value in vars(source.module).values()
        if isclass(value) and value.__module__ == source.module.__name__ and dataclasses.is_dataclass(value)
    }
    missing = {kind.__name__ for kind in kinds - offered if not kind.__name__.endswith("Query")}
    assert missing - COMMANDS_OF_REST.keys() == set(), "Give it an input with `describes`, or list where it is made."


COMMANDS_OF_REST = {
    "Newcomer": "POST /auth/verify",
    "Registration": "POST /auth/register",
    "SeedOrder": "the command `workgraph seed`",
}
"""Commands that come in otherwise -> where."""


def test_an_input_that_has_drifted_is_found() -> None:
    @dataclasses.dataclass
    class ThingChanges:
        name: str | Unset
        due: str | Unset | None
        size: int | Unset
        hidden: int | Unset

    @strawberry.input
    class ThingUpdateInput(MutationInput):
        describes = ThingChanges

        id: strawberry.ID
        name: strawberry.Maybe[str | None]
        due: strawberry.Maybe[str | None] = never_null("When it is due.")
        size: int
        color: strawberry.Maybe[str]

    lines = input_faults(ThingUpdateInput.__strawberry_definition__, {})
    assert [line.partition(" of ")[0].partition(": m")[0] for line in lines] == [
        f"ThingUpdateInput.color: {ThingChanges.__module__}.ThingChanges has no such field.",
        f"ThingUpdateInput.due: null must mean the same as None in {ThingChanges.__module__}.ThingChanges.",
        "ThingUpdateInput: offer hidden",
        f"ThingUpdateInput.name: null must mean the same as None in {ThingChanges.__module__}.ThingChanges.",
        "ThingUpdateInput.size",
    ]


def repositories() -> list[type[SqlRepository[Any]]]:
    values = [value for source in sources("infra/*/repository.py") for value in vars(source.module).values()]
    return [value for value in values if isclass(value) and issubclass(value, SqlRepository) and "table" in vars(value)]


def table_faults(table: type[DeclarativeBase], entity: type[Any], exceptions: Mapping[str, str]) -> list[str]:
    columns = {column.key: column for column in table.__table__.columns}
    hints = get_type_hints(entity)
    fields = [field.name for field in dataclasses.fields(entity)]
    place = f"{entity.__module__}.{entity.__name__}"
    found = [f"{table.__name__}: add a column for {name} of {place}." for name in fields if name not in columns]
    for name, column in columns.items():
        if f"{table.__name__}.{name}" in exceptions:
            continue
        if name not in fields:
            found.append(f"{table.__name__}.{name}: add it to {place}, or say in COLUMNS_ALONE why not.")
        elif column.nullable is not is_optional(hints[name]):
            found.append(f"{table.__name__}.{name}: nullable in one of table and {place} only.")
    return found


def test_every_entity_has_the_columns_of_its_table() -> None:
    pairs = [(repository.table, repository.entity) for repository in repositories()]
    assert len(pairs) > 8
    assert [line for table, entity in pairs for line in table_faults(table, entity, COLUMNS_ALONE)] == []


def test_every_table_holds_an_entity_or_is_listed() -> None:
    rows = set(TABLES)
    held = {repository.table for repository in repositories()}
    assert TABLES_ALONE.keys() <= {row.__name__ for row in rows - held}
    lonely = sorted(row.__name__ for row in rows - held if row.__name__ not in TABLES_ALONE)
    assert lonely == [], "Name its entity in a repository, or say in TABLES_ALONE what keeps it."


def test_a_table_that_has_drifted_is_found() -> None:
    class Sample(DeclarativeBase):
        pass

    class ThingRow(Sample):
        __tablename__ = "thing"
        id: Mapped[str] = mapped_column(primary_key=True)
        name: Mapped[str | None]
        extra: Mapped[str]

    @dataclasses.dataclass
    class Thing:
        id: str
        name: str
        due: str

    assert [line.partition(": ")[0] for line in table_faults(ThingRow, Thing, {})] == [
        "ThingRow",
        "ThingRow.name",
        "ThingRow.extra",
    ]
