from pathlib import Path

import pytest

from tests.selection import arguments


@pytest.fixture
def tests(tmp_path: Path) -> Path:
    for folder in ("engine/infra/jobs", "tracker/api/issues", "tracker/infra/issues", "tracker/issues", "engine/api"):
        (tmp_path / "tests" / folder).mkdir(parents=True)
    (tmp_path / "tests/tracker/api/issues/test_moves.py").touch()
    return tmp_path / "tests"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("engine", ["tests/engine"]),
        ("engine/infra", ["tests/engine/infra"]),
        ("issues", ["tests/tracker/api/issues", "tests/tracker/infra/issues", "tests/tracker/issues"]),
        ("jobs", ["tests/engine/infra/jobs"]),
        ("api", ["tests/engine/api", "tests/tracker/api"]),
        ("test_moves", ["-k", "test_moves"]),
        ("moves and not kills", ["-k", "moves and not kills"]),
        ("../tests", ["-k", "../tests"]),
        ("*", ["-k", "*"]),
        ("", ["-k", ""]),
    ],
)
def test_folders_are_selected_by_name_and_anything_else_by_expression(
    tests: Path, name: str, expected: list[str]
) -> None:
    assert arguments(name, tests) == expected
