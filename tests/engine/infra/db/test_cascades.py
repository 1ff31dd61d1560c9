"""Deletion of rows with all that refer to them follows the foreign keys of every table."""

from typing import Any

import pytest
from sqlalchemy import Column, ForeignKeyConstraint, MetaData, Table, Text
from sqlalchemy.dialects import postgresql

from infra.db.cascades import NoRule, _statements, link_of
from tests.sample.infra.tables import BookRow, SampleBase
from tests.workspace_data import GLOBAL_TABLES, workspace_tables


def sample(*, is_optional: bool = False, to: str = "id") -> MetaData:
    """Books, notes about them, and votes on these."""
    tables = MetaData()

    def table(name: str, *further: Any) -> None:
        key = [Column(each, Text, primary_key=True) for each in ("workspace_id", "id")]
        Table(name, tables, *key, *further)

    def refers(column: str, target: str, to: str) -> ForeignKeyConstraint:
        pairs = [f"{target}.workspace_id", f"{target}.{to}"]
        return ForeignKeyConstraint(["workspace_id", column], pairs, name=f"fk_{column}")

    table("book", Column("slug", Text))
    table("note", Column("book_id", Text, nullable=is_optional), refers("book_id", "book", to))
    table("vote", Column("note_id", Text, nullable=False), refers("note_id", "note", "id"))
    return tables


def texts(tables: MetaData, root: str = "book") -> list[str]:
    found = _statements(tables.tables[root], frozenset())
    return [" ".join(str(each.compile(dialect=postgresql.dialect())).split()) for each in found]


def test_rows_that_refer_through_others_are_deleted_first() -> None:
    votes, notes = texts(sample())
    assert votes.startswith("DELETE FROM vote WHERE vote.workspace_id = %(workspace)s")
    assert "vote.note_id IN (SELECT note.id FROM note WHERE note.workspace_id = %(workspace)s" in votes
    assert notes.startswith("DELETE FROM note WHERE note.workspace_id = %(workspace)s")
    assert "note.book_id = ANY" in notes


def test_rows_with_an_optional_reference_stay_without_it() -> None:
    [cleared] = texts(sample(is_optional=True))
    assert cleared.startswith("UPDATE note SET book_id=%(book_id)s")
    assert "WHERE note.workspace_id = %(workspace)s" in cleared


def test_a_foreign_key_that_names_no_id_has_no_rule() -> None:
    with pytest.raises(NoRule, match=r"note: the foreign key on workspace_id, book_id must refer to workspace_id and"):
        texts(sample(to="slug"))


def test_every_table_of_workspace_data_can_be_deleted_from_with_what_refers_to_it() -> None:
    tables = [*workspace_tables(), *workspace_tables(SampleBase.metadata)]
    inner = [
        key for table in tables for key in table.foreign_key_constraints if key.referred_table.name not in GLOBAL_TABLES
    ]
    assert {link_of(key).to.name for key in inner} == {"id"}
    counts = {table.name: len(_statements(table, frozenset())) for table in tables if "id" in table.c}
    assert counts.items() >= {"shelf": 3, "author": 1, "tag": 1, "book": 1}.items()
    book: Any = BookRow.__table__
    deleted = [each.table.name for each in _statements(book, frozenset())]
    assert {key.table.name for key in inner if key.referred_table is book} - {"book"} <= {*deleted}
