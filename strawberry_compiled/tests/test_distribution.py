"""The wheel works in an environment of its own: outside of the checkout, without anything that surrounds it here."""

import re
import sys
from pathlib import Path

import pytest
from environments import (
    PROJECT,
    TEST_TOOLS,
    NoPackageIndex,
    available_versions,
    built_wheel,
    copy_of_tests,
    environment,
    run,
    same_as_here,
)

pytestmark = pytest.mark.verify
NO_SOURCES = 3
"""Exit status of `upstream/run.py` if graphql-core's source distribution cannot be had."""


@pytest.fixture(autouse=True)
def package_index(tmp_path: Path) -> None:
    try:
        available_versions("strawberry-graphql", tmp_path)
    except NoPackageIndex as reason:
        pytest.skip(f"The package index is out of reach: {reason}")


def test_the_wheel_passes_its_tests_in_an_environment_of_its_own(tmp_path: Path) -> None:
    locked = same_as_here("strawberry-graphql", "graphql-core", *TEST_TOOLS)
    python = environment(tmp_path, built_wheel(tmp_path), *locked)
    listed = run([python, "-c", "import strawberry_compiled; print(strawberry_compiled.__file__)"], tmp_path)
    assert str(tmp_path) in listed.stdout, listed.stderr
    alone = run([python, "-c", "import api"], tmp_path)
    assert "No module named 'api'" in alone.stderr
    tested = run([python, "-m", "pytest", "-q", "tests"], copy_of_tests(tmp_path))
    assert tested.returncode == 0, tested.stdout[-5_000:] + tested.stderr[-2_000:]
    assert " skipped" not in tested.stdout


def test_graphql_cores_own_tests_pass_with_compiled_execution(tmp_path: Path) -> None:
    command = [sys.executable, PROJECT / "tests/upstream/run.py", "--quick", "--only", "graphql-core"]
    tested = run([*command, "--work", tmp_path], tmp_path)
    if tested.returncode == NO_SOURCES:
        pytest.skip(f"graphql-core's source distribution cannot be had: {tested.stdout}")
    assert tested.returncode == 0, tested.stdout[-5_000:] + tested.stderr[-2_000:]
    found = re.search(r"generated: (\d+) passed, \d+ skipped; (\d+) plans", tested.stdout)
    assert found is not None, tested.stdout
    assert int(found[1]) > 2_000
    assert int(found[2]) > 300
