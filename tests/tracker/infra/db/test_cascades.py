from infra.db.cascades import _statements
from infra.metadata import metadata


def test_all_that_refers_to_a_project_or_issue_is_deleted_with_it() -> None:
    assert len(_statements(metadata.tables["project"], frozenset())) > 15
    deleted = {each.table.name for each in _statements(metadata.tables["issue"], frozenset())}
    keys = [key for table in metadata.sorted_tables for key in table.foreign_key_constraints]
    assert {key.table.name for key in keys if key.referred_table.name in ("issue", "comment")} - {"issue"} <= deleted
