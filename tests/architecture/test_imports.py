"""Allowed imports: the contracts of importlinter.toml, and rules that they cannot express."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Collection
from copy import deepcopy
from pathlib import Path

import grimp
import pytest
from importlinter import configuration
from importlinter.application.use_cases import _register_contract_types, read_user_options
from importlinter.domain.contract import Contract, registry

import strawberry_compiled
from tests.architecture.sources import PACKAGES, ROOT, Source, sources

configuration.configure()

MYSELF = "tests/architecture/test_imports.py"
"""Path of this file, which reads `__all__`."""

FIXED_PACKAGES = {
    "alembic": "alembic",
    "arq": "arq",
    "asyncpg": "asyncpg",
    "factory-boy": "factory",
    "fastapi": "fastapi",
    "httpx": "httpx",
    "passlib": "passlib",
    "pydantic-settings": "pydantic_settings",
    "pytest": "pytest",
    "pytest-asyncio": "pytest_asyncio",
    "python-jose": "jose",
    "python-multipart": "python_multipart",
    "redis": "redis",
    "sqlalchemy": "sqlalchemy",
    "strawberry-graphql": "strawberry",
    "uvicorn": "uvicorn",
}
"""Distribution that the project is built on -> the name under which it is imported."""

USED_BY_NAME = {
    "asyncpg": "the driver that SQLAlchemy loads for postgresql+asyncpg",
    "pytest-asyncio": "a plugin that pytest loads: asyncio_mode in pyproject.toml",
    "python-multipart": "the parser that Starlette loads for request.form()",
}


ENVIRONMENT = {
    "infra/settings.py": "reads the settings",
    "infra/dev/children.py": "hands its own environment on to the processes that it starts",
}


def contracts() -> dict[str, Contract]:
    options = read_user_options(config_filename=str(ROOT / "importlinter.toml"))
    _register_contract_types(options)
    return {
        each["id"]: registry.get_contract_class(each["type"])(each["name"], options.session_options, each)
        for each in options.contracts_options
    }


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    roots = ("api", "cli", "domain", "infra", "strawberry_compiled")
    return grimp.build_graph(*roots, include_external_packages=True, cache_dir=None)


def test_the_contracts_hold() -> None:
    """Runs the command in a separate process, as `make check` does, since it reconfigures its process's logging."""
    command = [Path(sys.executable).with_name("lint-imports"), "--config", "importlinter.toml", "--no-cache"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize(
    ("contract", "importer", "imports"),
    [
        ("hexagon", "domain.issues.service", "infra.issues.repository"),
        ("hexagon", "infra.issues.reader", "api.issues.types"),
        ("hexagon", "api.main", "cli.permissions"),
        ("hexagon", "infra.settings", "cli.main"),
        ("entry-points", "api.issues.types", "infra.issues.reader"),
        ("api-rooms", "api.graphql.admission", "api.http.options"),
        ("api-rooms", "api.http.endpoint", "api.sockets.endpoint"),
        ("api-rooms", "api.shared.mutations", "api.graphql.runner"),
        ("compiled", "strawberry_compiled.waves", "domain.shared.actor"),
        ("api-slices", "api.projects.types", "api.issues.types"),
        ("api-slices", "api.issues.types", "api.comments.types"),
        ("api-slices", "api.accounts.inputs", "api.audit.types"),
        ("domain-slices", "domain.labels.service", "domain.issues.model"),
        ("domain-slices", "domain.labels.service", "domain.projects.model"),
        ("domain-slices", "domain.shared.actor", "domain.accounts.model"),
        ("domain-slices", "domain.issues.service", "domain.app"),
        ("infra-slices", "infra.projects.reader", "infra.issues.tables"),
        ("infra-slices", "infra.db.read", "infra.shared.redis"),
        ("cycles", "infra.settings", "infra.bootstrap"),
        ("jose", "api.auth.routes", "jose"),
        ("passlib", "infra.auth.keys", "passlib"),
        ("tables", "infra.bootstrap", "infra.issues.tables"),
        ("tables", "infra.audit.streams", "infra.audit.tables"),
    ],
)
def test_a_contract_refuses(contract: str, importer: str, imports: str, graph: grimp.ImportGraph) -> None:
    changed = deepcopy(graph)
    assert contracts()[contract].check(deepcopy(graph), verbose=False).kept
    changed.add_import(importer=importer, imported=imports)
    assert not contracts()[contract].check(changed, verbose=False).kept


def foreign_imports(source: Source) -> list[str]:
    own = {"domain", *sys.stdlib_module_names}
    return [
        f"{source.name}:{line}: {name} is outside of the standard library: declare a port, and use it in infra."
        for line, name in source.imports
        if name.partition(".")[0] not in own
    ]


def test_the_domain_imports_the_standard_library_and_itself() -> None:
    assert [line for source in sources("domain/**/*.py") for line in foreign_imports(source)] == []


def test_a_library_in_the_domain_is_found() -> None:
    sample = Source("domain/sample.py", "import json\nfrom domain.app import App\nfrom pydantic import BaseModel\n")
    [line] = foreign_imports(sample)
    assert line.startswith("domain/sample.py:3: pydantic.BaseModel is outside of the standard library")


def ties_to_workgraph(source: Source) -> list[str]:
    return [
        f"{source.name}:{line}: {name} is Workgraph's: strawberry_compiled works without it."
        for line, name in source.imports
        if name.partition(".")[0] in (*PACKAGES, "tests")
    ]


def test_the_compiler_and_its_tests_import_nothing_of_workgraph() -> None:
    assert [line for source in sources("strawberry_compiled/**/*.py") for line in ties_to_workgraph(source)] == []


def test_an_import_of_workgraph_in_the_compiler_is_found() -> None:
    text = "import graphql\nfrom strawberry_compiled.run import Run\nfrom api.shared.context import Context\n"
    [line] = ties_to_workgraph(Source("sample.py", text))
    assert line.startswith("sample.py:3: api.shared.context.Context")


def private_imports(source: Source) -> list[str]:
    public = {f"strawberry_compiled.{name}" for name in strawberry_compiled.__all__}
    return [
        f"{source.name}:{line}: {name} is private: use strawberry_compiled.__all__ or strawberry_compiled.testing."
        for line, name in source.imports
        if name.partition(".")[0] == "strawberry_compiled"
        and name not in public
        and not name.startswith("strawberry_compiled.testing.")
    ]


def test_workgraph_imports_only_what_the_compiler_offers() -> None:
    everywhere = [*sources(*(f"{package}/**/*.py" for package in PACKAGES)), *sources("tests/**/*.py")]
    naming = [each for each in everywhere if "strawberry_compiled" in each.text and each.name != MYSELF]
    assert naming
    assert [line for source in naming for line in private_imports(source)] == []


def test_an_import_of_a_private_part_of_the_compiler_is_found() -> None:
    text = (
        "from strawberry_compiled import batched, plans\nfrom strawberry_compiled.waves import Waves\n"
        "from strawberry_compiled.testing import difference\nimport strawberry_compiled\n"
    )
    lines = [line.partition(" is private")[0] for line in private_imports(Source("sample.py", text))]
    assert lines == [
        "sample.py:1: strawberry_compiled.plans",
        "sample.py:2: strawberry_compiled.waves.Waves",
        "sample.py:4: strawberry_compiled",
    ]


TYPED_ALONE = {"infra/parts.py": "slices build services on the Unit of Work, which has the repositories of all slices"}
"""Further files with imports for the type checker alone -> why."""


def misplaced_imports(source: Source) -> list[str]:
    """Imports inside functions, relative ones, and TYPE_CHECKING where GraphQL's recursive types do not need it."""
    inner = {
        line
        for line, _ in source.imports
        if any(function.lineno < line <= (function.end_lineno or 0) for function in source.functions)
    }
    found = [f"{source.name}:{line}: import at the top; break a cycle by moving code." for line in sorted(inner)]
    for line, name in source.imports:
        if name.startswith("."):
            found.append(f"{source.name}:{line}: write the module's full name.")
        is_recursive = source.name.startswith("api/") and source.name.endswith("/types.py")
        if name == "typing.TYPE_CHECKING" and not is_recursive and source.name not in TYPED_ALONE:
            found.append(f"{source.name}:{line}: import what you name; only api/*/types.py are recursive.")
        if name == "__future__.annotations":
            found.append(f"{source.name}:{line}: Strawberry reads annotations at run time; quote the name instead.")
    return found


def test_imports_stand_at_the_top_by_full_name() -> None:
    assert [line for source in sources() for line in misplaced_imports(source)] == []


def test_misplaced_imports_are_found() -> None:
    text = (
        "from __future__ import annotations\nfrom typing import TYPE_CHECKING\nfrom . import model\n"
        "async def run():\n    if True:\n        import json\n"
    )
    lines = [line.partition(": ")[0] for line in misplaced_imports(Source("domain/sample.py", text))]
    assert lines == [f"domain/sample.py:{number}" for number in (6, 1, 2, 3)]
    assert misplaced_imports(Source("api/x/types.py", "from typing import TYPE_CHECKING\n")) == []


def unused_packages(names: Collection[str]) -> list[str]:
    return [
        f"{package}: nothing imports {module}. Use it, or say in USED_BY_NAME who does."
        for package, module in FIXED_PACKAGES.items()
        if module not in names and package not in USED_BY_NAME
    ]


def test_every_package_that_the_project_is_built_on_is_used() -> None:
    everywhere = (*sources(), *sources("tests/**/*.py"))
    names = {name.partition(".")[0] for source in everywhere for _, name in source.imports}
    assert unused_packages(names) == []
    assert unused_packages(names - {"arq"}) == ["arq: nothing imports arq. Use it, or say in USED_BY_NAME who does."]


def test_every_package_that_the_project_is_built_on_is_required() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    required = " ".join([*project["dependencies"], *project["optional-dependencies"]["dev"]])
    names = {part.partition(">")[0].partition("[")[0] for part in required.split()}
    assert sorted(FIXED_PACKAGES.keys() - names) == [], "Add them to the dependencies in pyproject.toml."


def test_packages_that_are_used_by_name_really_are() -> None:
    texts = "".join(source.text for source in (*sources(), *sources("tests/**/*.py")))
    pytest_options = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["pytest"]["ini_options"]
    assert "+asyncpg" in texts
    assert ".form(" in texts
    assert pytest_options["asyncio_mode"] == "auto"


def environment_readers(source: Source) -> list[str]:
    return [
        f"{source.name}:{node.lineno}: take what you need of infra/settings.py."
        for node in source.nodes
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv")
    ]


def test_nothing_reads_the_environment_but_the_settings() -> None:
    found = [line for source in sources() if source.name not in ENVIRONMENT for line in environment_readers(source)]
    assert found == []


def test_a_look_into_the_environment_is_found() -> None:
    sample = Source("api/sample.py", "import os\nDEBUG = os.environ.get('DEBUG')\n")
    assert environment_readers(sample) == ["api/sample.py:2: take what you need of infra/settings.py."]
