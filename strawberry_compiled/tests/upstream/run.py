"""Runs graphql-core's and Strawberry's own tests with compiled execution and compares each outcome with stock.

python strawberry_compiled/tests/upstream/run.py [--quick] [--strawberry CHECKOUT]      see README.md beside this file
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parents[1]
STRAWBERRY = "https://github.com/strawberry-graphql/strawberry"
NO_SOURCES = 3
"""Exit status if a source distribution cannot be had."""
# Tools that the two projects name beside what their tests import.
NOT_NEEDED = re.compile(r"types-|mypy|pyright|nox|tox|ruff|codeflash|pre-commit|pyinstrument|sphinx|pytest-cov")


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    name: str
    source: Path
    paths: Sequence[str]
    executions: Sequence[str]
    groups: Sequence[str]
    """Dependency groups of the project that list what its tests import."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=PROJECT / "build" / "upstream", help="where all is kept")
    parser.add_argument("--strawberry", type=Path, help="a checkout of Strawberry; cloned if absent")
    parser.add_argument("--only", choices=("graphql-core", "strawberry-graphql"))
    parser.add_argument("--quick", action="store_true", help="the last way of execution only; no test may fail")
    options = parser.parse_args()
    work = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    known = set(re.findall(r"^- `(\S+)`", (HERE / "DIFFERENCES.md").read_text(encoding="utf-8"), re.MULTILINE))
    unknown: list[str] = []
    compare = failing if options.quick else differing
    if options.only != "strawberry-graphql":
        unknown += set(compare(graphql_core(work), work)) - known
    if options.only != "graphql-core":
        unknown += set(compare(strawberry_graphql(work, options.strawberry), work)) - known
    say(f"Differing tests that DIFFERENCES.md does not name: {len(unknown)}")
    return bool(unknown)


def graphql_core(work: Path) -> Suite:
    name = f"graphql_core-{version('graphql-core')}"
    archive, source = work / f"{name}.tar.gz", work / name
    if not source.exists():
        requirement = name.replace("_", "-").replace("-core-", "-core==")
        pip = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "graphql-core")
        if subprocess.run([*pip, requirement, "--dest", str(work)], check=False).returncode:
            say(f"pip cannot download the source distribution of {requirement}.")
            raise SystemExit(NO_SOURCES)
        with tarfile.open(archive) as tar:
            tar.extractall(work, filter="data")
    modules = sorted(str(path.relative_to(source)) for path in (source / "tests").glob("test_*.py"))
    return Suite(
        name="graphql-core",
        source=source,
        paths=["tests/execution", "tests/type", "tests/utilities", *modules],
        executions=("compiled", "generated"),
        groups=("test",),
    )


def strawberry_graphql(work: Path, checkout: Path | None) -> Suite:
    """Strawberry's tests, from a checkout or a clone, because its source distribution has none."""
    source = checkout.resolve() if checkout else work / f"strawberry-{version('strawberry-graphql')}"
    if not source.exists():
        clone = ("git", "clone", "--quiet", "--depth", "1", "--branch", version("strawberry-graphql"), STRAWBERRY)
        subprocess.run([*clone, str(source)], check=True)
    paths = ("tests/schema", "tests/relay", "tests/types", "tests/fields", "tests/objects", "tests/federation")
    return Suite(
        name="strawberry-graphql",
        source=source,
        paths=[path for path in paths if (source / path).exists()],
        executions=("compiled",),
        groups=("dev", "integrations"),
    )


def failing(suite: Suite, work: Path) -> Iterable[str]:
    """The tests that fail with compiled execution; without a comparison, so all must pass in stock execution."""
    execution = suite.executions[-1]
    found = run(suite, environment(suite, work), work, execution)
    outcomes = found["outcomes"]
    say(f"{execution}: {counted(outcomes)}; {found['counts'].get('plans', 0)} plans")
    return [test for test, outcome in outcomes.items() if outcome.startswith("failed")]


def differing(suite: Suite, work: Path) -> Iterable[str]:
    """The tests whose outcome differs from that of stock execution."""
    python = environment(suite, work)
    stock = run(suite, python, work, "stock")["outcomes"]
    sabotaged = run(suite, python, work, "sabotaged")["outcomes"]
    say(f"\n{suite.name}: {counted(stock)} in stock execution; with wrong plans {counted(sabotaged)}")
    if failures(sabotaged) <= failures(stock):
        raise SystemExit("No test executes a plan.")
    different: dict[str, str] = {}
    for execution in suite.executions:
        found = run(suite, python, work, execution)
        outcomes, counts = found["outcomes"], found["counts"]
        say(f"{execution}: {counted(outcomes)}; {counts.get('plans', 0)} plans, {counts.get('operations', 0)} runs")
        say(f"  executed by graphql-core: {found['fallbacks']}")
        for test in sorted(stock.keys() | outcomes.keys()):
            one, other = stock.get(test, "absent"), outcomes.get(test, "absent")
            if one.split(" ")[0] != other.split(" ")[0]:
                different[test] = other
                say(f"  {test}: {one} / {other}")
    return different


def environment(suite: Suite, work: Path) -> Path:
    """The interpreter of a virtual environment with what the suite's tests import and what is installed here."""
    home = work / f"venv-{suite.name}"
    python = home / "bin" / "python"
    if not python.exists():
        uv = shutil.which("uv", path=str(Path(sys.executable).parent))
        make, install = (
            ([uv, "venv", "-q", "-p", sys.executable], [uv, "pip", "install", "-q", "-p", str(python)])
            if uv
            else ([sys.executable, "-m", "venv"], [str(python), "-m", "pip", "install", "--quiet"])
        )
        subprocess.run([*make, str(home)], check=True)
        project = tomllib.loads((suite.source / "pyproject.toml").read_text(encoding="utf-8"))
        groups = project.get("dependency-groups", {})
        needed = [each for group in suite.groups for each in groups.get(group, ()) if not NOT_NEEDED.match(each)]
        pinned = [f"{name}=={version(name)}" for name in ("graphql-core", "strawberry-graphql")]
        default = () if needed else ("pytest", "pytest-asyncio", "pytest-mock")
        subprocess.run([*install, *pinned, *needed, *default], check=True)
    return python


def run(suite: Suite, python: Path, work: Path, execution: str) -> dict[str, Any]:
    imported = work / "imported"  # the executor and nothing else of the project: both projects have a package `tests`
    shutil.rmtree(imported, ignore_errors=True)
    shutil.copytree(PROJECT / "src", imported)
    shutil.copy(HERE / "compiled_by_default.py", imported)
    outcomes = work / f"{suite.name}-{execution}.json"
    outcomes.unlink(missing_ok=True)
    plugin = ("-p", "compiled_by_default", "--execution", execution, "--outcomes", str(outcomes))
    pytest = (str(python), "-m", "pytest", "-q", "-o", "addopts=", "--continue-on-collection-errors", *plugin)
    with (work / f"{suite.name}-{execution}.log").open("w", encoding="utf-8") as log:
        variables = {**os.environ, "PYTHONPATH": str(imported)}
        subprocess.run([*pytest, *suite.paths], cwd=suite.source, env=variables, stdout=log, stderr=log, check=False)
    found: dict[str, Any] = json.loads(outcomes.read_text(encoding="utf-8"))
    return found


def failures(outcomes: dict[str, str]) -> int:
    return sum(outcome.startswith("failed") for outcome in outcomes.values())


def counted(outcomes: dict[str, str]) -> str:
    kinds = [outcome.split(" ")[0] for outcome in outcomes.values()]
    return ", ".join(f"{kinds.count(kind)} {kind}" for kind in sorted(set(kinds)))


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
