"""Checks that no table loads lazily, tests do not mock, and warnings are errors."""

import tomllib

from tests.architecture.sources import ROOT, Source, sources


def lazy_loads(source: Source) -> list[str]:
    names = (
        "sqlalchemy.orm.relationship",
        "sqlalchemy.orm.backref",
        "sqlalchemy.orm.Session",
        "sqlalchemy.orm.sessionmaker",
    )
    return [
        f"{source.name}:{line}: select the columns in a reader; nothing loads by itself."
        for line, name in source.imports
        if name in names or name.startswith("sqlalchemy.ext.asyncio.AsyncSession")
    ]


def test_nothing_loads_lazily() -> None:
    assert [line for source in sources("infra/**/*.py") for line in lazy_loads(source)] == []
    assert lazy_loads(Source("infra/sample.py", "from sqlalchemy.orm import mapped_column, relationship\n")) == [
        "infra/sample.py:1: select the columns in a reader; nothing loads by itself."
    ]


def mocks(source: Source) -> list[str]:
    return [
        f"{source.name}:{line}: write a fake of the port in tests/fakes, or use the real thing."
        for line, name in source.imports
        if name.startswith(("unittest.mock", "mock.", "pytest_mock"))
    ]


def test_tests_do_not_mock() -> None:
    assert [line for source in sources("tests/**/*.py") if "mock" in source.text for line in mocks(source)] == []
    assert mocks(Source("tests/sample.py", "from unittest.mock import patch\n")) == [
        "tests/sample.py:1: write a fake of the port in tests/fakes, or use the real thing."
    ]


def test_warnings_are_errors_and_slow_tests_are_named() -> None:
    options = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["pytest"]["ini_options"]
    assert options["filterwarnings"][0] == "error"
    assert "--durations=20" in options["addopts"]
    assert "--strict-markers" in options["addopts"]
