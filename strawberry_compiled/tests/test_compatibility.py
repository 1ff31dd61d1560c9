"""The versions of Strawberry and graphql-core that are supported, and what happens with others."""

import subprocess
import sys
from itertools import groupby
from pathlib import Path

import pytest
from environments import (
    TEST_TOOLS,
    NoPackageIndex,
    available_versions,
    built_wheel,
    copy_of_tests,
    environment,
    run,
    same_as_here,
)
from strawberry_compiled.compatibility import unsupported

MINORS = 3
"""Number of Strawberry's newest minor versions to test."""
FUZZ_CASES = "200"
PRETENDED = """
import importlib.metadata, warnings
real = importlib.metadata.version
importlib.metadata.version = lambda name: "0.336.2" if name == "strawberry-graphql" else real(name)
import strawberry
from strawberry_compiled import StockExecutionWarning, batched, executor_class, related
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    for _ in range(2):
        assert executor_class(if_unsupported="stock") is None
[warning] = caught
assert warning.category is StockExecutionWarning, warning
assert warning.filename == "<string>", warning
print(warning.message)

@strawberry.type
class Query:
    word: str = "x"

schema = strawberry.Schema(Query, execution_context_class=executor_class(if_unsupported="stock"))
assert schema.execute_sync("{ word }", root_value=Query()).data == {"word": "x"}
try:
    executor_class()
except ImportError as error:
    print(type(error).__name__)
from strawberry_compiled import CompiledExecutor
"""


@pytest.mark.parametrize(
    ("strawberry_version", "core_version", "reason"),
    [
        ("0.337.0", "3.3.1", None),
        ("0.341.2", "3.3.99", None),
        ("0.336.2", "3.3.2", "strawberry-graphql >=0.337,<0.342, but 0.336.2"),
        ("0.342.0", "3.3.2", "strawberry-graphql >=0.337,<0.342, but 0.342.0"),
        ("0.341.2", "3.2.14", "graphql-core >=3.3.1,<3.4, but 3.2.14"),
        ("0.341.2", "3.3.0", "graphql-core >=3.3.1,<3.4, but 3.3.0"),
        ("0.341.2", "3.4.0a1", "graphql-core >=3.3.1,<3.4, but 3.4.0a1"),
    ],
)
def test_versions_out_of_range_are_named(strawberry_version: str, core_version: str, reason: str | None) -> None:
    found = unsupported(strawberry_version, core_version)
    assert found is None if reason is None else found is not None and reason in found


def test_an_unsupported_version_raises_at_import_or_falls_back_with_one_warning() -> None:
    done = subprocess.run([sys.executable, "-c", PRETENDED], capture_output=True, text=True, check=False)
    said, kind = done.stdout.splitlines()
    assert said.endswith("but 0.336.2 is installed. Operations are executed by graphql-core.")
    assert kind == "IncompatibleStrawberry"
    assert done.returncode == 1
    assert "IncompatibleStrawberry: strawberry-compiled supports strawberry-graphql >=0.337,<0.342" in done.stderr


def supported_pairs(folder: Path) -> list[tuple[str, str]]:
    """The newest release of each of the newest minor versions of Strawberry, with the oldest and newest graphql-core.

    Only supported versions count: a new release of Strawberry must not break an unrelated change.
    """
    cores = [each for each in available_versions("graphql-core", folder) if unsupported("0.341.2", each) is None]
    releases = available_versions("strawberry-graphql", folder)
    accepted = [each for each in releases if unsupported(each, cores[0]) is None]
    newest = [next(group) for _, group in groupby(accepted, lambda each: each.split(".")[1])][:MINORS]
    return [(each, core) for each in newest for core in (cores[-1], cores[0])]


@pytest.mark.verify
@pytest.mark.parametrize("number", range(MINORS * 2))
def test_supported_versions_pass_the_unit_tests_and_the_fuzzer(number: int, tmp_path: Path) -> None:
    try:
        pairs = supported_pairs(tmp_path)
    except NoPackageIndex as reason:
        pytest.skip(f"The package index is out of reach: {reason}")
    assert len(set(pairs)) == MINORS * 2
    strawberry_version, core_version = pairs[number]
    chosen = [f"strawberry-graphql=={strawberry_version}", f"graphql-core=={core_version}"]
    python = environment(tmp_path, built_wheel(tmp_path), *chosen, *same_as_here(*TEST_TOOLS))
    copied = copy_of_tests(tmp_path)
    fuzzers = ["--ignore=tests/test_fuzz.py", "--ignore=tests/test_fuzz_catches.py"]
    unit = run([python, "-m", "pytest", "-q", "tests", *fuzzers], copied)
    assert unit.returncode == 0, f"{chosen}: {unit.stdout[-5_000:]}{unit.stderr[-2_000:]}"
    fuzz = run([python, "-m", "strawberry_compiled.testing.fuzz", "--count", FUZZ_CASES], copied)
    assert fuzz.returncode == 0, f"{chosen}: {fuzz.stdout[-5_000:]}{fuzz.stderr[-2_000:]}"
    assert f"strawberry-graphql {strawberry_version}, graphql-core {core_version}" in fuzz.stdout
