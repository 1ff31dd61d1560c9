"""Checks that keys of workspace data begin with the workspace, and that foreign keys have indexes."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, ForeignKeyConstraint, Index, MetaData, Table, UniqueConstraint

from infra.db.base import MANY_ROWS
from infra.metadata import metadata
from tests.workspace_data import GLOBAL_TABLES, workspace_tables


def uniques(table: Table) -> Iterator[tuple[str, list[str]]]:
    """Name and columns of each primary key, unique constraint and unique index."""
    for constraint in table.constraints:
        if constraint is table.primary_key or isinstance(constraint, UniqueConstraint):
            yield str(constraint.name), [column.name for column in constraint.columns]
    for index in table.indexes:
        if index.unique:
            yield str(index.name), names_of(index)


def names_of(index: Index) -> list[str]:
    """The columns of the index, up to its first expression."""
    names: list[str] = []
    for expression in index.expressions:
        if not isinstance(expression, Column):
            break
        names.append(expression.name)
    return names


def misplaced_keys(of: MetaData = metadata) -> list[str]:
    """Keys of workspace data in which the workspace is not the first column."""
    found = []
    for table in workspace_tables(of):
        if "workspace_id" not in table.c:
            found.append(f"{table.name} has no workspace_id: add it, or name the table in GLOBAL_TABLES.")
            continue
        if table.c.workspace_id.nullable:
            found.append(f"{table.name}.workspace_id can be null.")
        found += [
            f"{table.name}: {name} must begin with workspace_id."
            for name, columns in uniques(table)
            if columns[:1] != ["workspace_id"]
        ]
        for key in table.foreign_key_constraints:
            if key.referred_table.name == "workspace":
                continue
            is_global = key.referred_table.name in GLOBAL_TABLES
            pairs = [(each.parent.name, each.column.name) for each in key.elements]
            if is_global and len(pairs) != 1:
                found.append(f"{table.name}: {key.name} must have one column, because it leads out of the workspace.")
            if not is_global and pairs[0] != ("workspace_id", "workspace_id"):
                found.append(f"{table.name}: {key.name} must begin with workspace_id on both sides.")
    return sorted(found)


def unindexed_foreign_keys(of: MetaData = metadata) -> list[str]:
    """Foreign keys whose rows PostgreSQL would have to search the whole table for when a referenced row is deleted."""
    return sorted(
        f"{table.name}: {key.name} needs an index on {', '.join(key.column_keys)}."
        for table in of.sorted_tables
        for key in table.foreign_key_constraints
        if not is_indexed(table, key)
    )


def is_indexed(table: Table, key: ForeignKeyConstraint) -> bool:
    """Whether an index begins with the key's columns, or with those that identify the referenced row."""
    referenced = {each.parent.name: each.column.name for each in key.elements}
    primary = {column.name for column in key.referred_table.primary_key.columns}
    enough = [set(referenced), {name for name, column in referenced.items() if column in primary}]
    enough = [names for names in enough if len(names) == len(referenced) or len(names) == len(primary)]
    indexes = [columns for _, columns in uniques(table)] + [
        names_of(each) for each in table.indexes if is_whole(each, referenced)
    ]
    return any(set(columns[: len(names)]) == names for columns in indexes for names in enough)


def is_whole(index: Index, referenced: dict[str, str]) -> bool:
    """Whether the index holds all rows that refer to a row; a partial one may leave out those that refer to none."""
    condition = index.dialect_options["postgresql"]["where"]
    return condition is None or str(condition) in {f"{name} IS NOT NULL" for name in referenced}


def test_keys_of_workspace_data_begin_with_the_workspace() -> None:
    assert len(workspace_tables()) > 20
    assert misplaced_keys() == []


def test_every_foreign_key_has_an_index() -> None:
    assert unindexed_foreign_keys() == []


def test_the_tables_without_workspace_data_exist() -> None:
    assert GLOBAL_TABLES.keys() <= metadata.tables.keys()


def test_tables_with_rows_for_each_issue_are_vacuumed_early() -> None:
    many = {metadata.tables[name] for name in ("event", "external_issue", "issue")}
    many |= {
        table
        for table in metadata.sorted_tables
        for key in table.foreign_key_constraints
        if key.referred_table.name in ("issue", "comment")
    }
    assert [table.name for table in many if table.kwargs.get("postgresql_with") != MANY_ROWS["postgresql_with"]] == []
    assert len(many) > 8


def sample(*further: Any, key: tuple[str, ...] = ("workspace_id", "id")) -> MetaData:
    """Projects of workspaces, and tasks in them with these columns and constraints."""
    tables = MetaData()
    Table("workspace", tables, Column("id", primary_key=True))
    Table("account", tables, Column("id", primary_key=True))
    Table("project", tables, Column("workspace_id", primary_key=True), Column("id", primary_key=True))
    columns = {name: Column(name, primary_key=True) for name in key}
    for name in ("workspace_id", "id"):
        columns.setdefault(name, Column(name, nullable=False))
    Table("task", tables, *columns.values(), Column("project_id"), Column("owner_id"), *further)
    return tables


def test_misplaced_keys_are_found() -> None:
    assert misplaced_keys(sample()) == []
    assert misplaced_keys(sample(key=("id",))) == ["task: None must begin with workspace_id."]
    assert misplaced_keys(sample(UniqueConstraint("owner_id", name="uq"))) == ["task: uq must begin with workspace_id."]
    assert misplaced_keys(sample(Index("uq", "owner_id", unique=True))) == ["task: uq must begin with workspace_id."]
    bare = ForeignKeyConstraint(["project_id"], ["project.id"], name="fk")
    assert misplaced_keys(sample(bare)) == ["task: fk must begin with workspace_id on both sides."]
    tables = sample(ForeignKeyConstraint(["workspace_id", "project_id"], ["project.workspace_id", "project.id"]))
    Table("note", tables, Column("id", primary_key=True))
    assert misplaced_keys(tables) == [
        "note has no workspace_id: add it, or name the table in GLOBAL_TABLES.",
    ]


def test_foreign_keys_without_an_index_are_found() -> None:
    def project() -> ForeignKeyConstraint:
        return ForeignKeyConstraint(["workspace_id", "project_id"], ["project.workspace_id", "project.id"], name="fk")

    missing = ["task: fk needs an index on workspace_id, project_id."]
    assert unindexed_foreign_keys(sample(project())) == missing
    assert unindexed_foreign_keys(sample(project(), Index("ix", "project_id"))) == missing
    assert unindexed_foreign_keys(sample(project(), Index("ix", "project_id", "workspace_id", "id"))) == []
    some = Index("ix", "workspace_id", "project_id", postgresql_where="owner_id IS NOT NULL")
    assert unindexed_foreign_keys(sample(project(), some)) == missing
    owner = ForeignKeyConstraint(["owner_id"], ["account.id"], name="fk")
    assert unindexed_foreign_keys(sample(owner)) == ["task: fk needs an index on owner_id."]
