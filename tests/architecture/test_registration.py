"""Registrations that a new slice needs; each message names the missing line."""

import ast
import dataclasses
import re
from collections.abc import Collection
from inspect import isclass
from typing import Any

import pytest

from api import slices as api_slices
from api.schema import schema
from api.shared.node import Node
from domain import slices as domain_slices
from domain.app import App
from infra import slices as infra_slices
from infra.db.base import Base
from infra.metadata import TABLES
from tests.architecture.sources import ROOT, Source, sources

PREFIX = re.compile(r"[a-z]{3}")

NO_NODES = {
    "apk": "an API key, listed to its owner alone",
    "fil": "an uploaded file, named once by importStart",
    "key": "a signing key, never shown",
    "ses": "a session, shown to its own person alone",
}
"""Prefix of ids that `node` does not read -> why."""

API_ROOMS = (
    "explorer",
    "front",
    "graphql",
    "health",
    "http",
    "mailbox",
    "rest",
    "server",
    "sockets",
)
"""Folders of `api` that are no slices."""

FILES = {
    "domain": "model commands queries errors events jobs ports policies service slice",
    "infra": "tables repository reader filters slice",
    "api": "types inputs queries mutations subscriptions routes slice",
}
"""The names that files of a slice have; a slice adds others only for a topic of its own."""


def names_in(path: str) -> set[str]:
    """Every name and keyword argument that a file uses."""
    [source] = sources(path)
    names = {node.id for node in ast.walk(source.tree) if isinstance(node, ast.Name)}
    return names | {node.attr for node in ast.walk(source.tree) if isinstance(node, ast.Attribute)}


def classes_ending(suffix: str, *patterns: str) -> list[tuple[Source, str]]:
    return [
        (source, kind.name)
        for source in sources(*patterns)
        for kind in source.classes
        if kind.name.endswith(suffix) and not kind.name.startswith("_")
    ]


def unregistered(found: Collection[tuple[Source, str]], registered: Collection[str], *, where: str) -> list[str]:
    return [f"{source.name}: enter {name} in {where}." for source, name in found if name not in registered]


def unnamed(found: Collection[tuple[Source, str]], package: str) -> list[str]:
    """Parts that the slice.py of their slice does not name."""
    lines = []
    for source, name in found:
        registration = f"{package}/{source.name.split('/')[1]}/slice.py"
        lines += unregistered([(source, name)], names_in(registration), where=registration)
    return lines


PACKAGES = {"domain": domain_slices, "infra": infra_slices, "api": api_slices}


@pytest.mark.parametrize("package", PACKAGES)
def test_every_slice_is_among_the_slices(package: str) -> None:
    registered: Any = PACKAGES[package]
    modules = {source.name: source.module.SLICE for source in sources(f"{package}/*/slice.py")}
    known = (*registered.PLATFORM, *registered.TRACKER)
    missing = [name for name, slice_ in modules.items() if slice_ not in known]
    assert missing == [], f"Enter them in PLATFORM or TRACKER in {package}/slices.py."
    assert len(modules) == len(known)


def test_the_slices_of_infra_are_those_of_the_domain_in_one_order() -> None:
    for tuple_ in ("PLATFORM", "TRACKER"):
        assert [each.domain for each in getattr(infra_slices, tuple_)] == list(getattr(domain_slices, tuple_))


OF_NO_SLICE = {"infra/jobs/tables.py", "infra/db/tables.py"}


def test_every_table_is_in_its_slice() -> None:
    found = [
        (source, table.__name__)
        for source in sources("infra/*/tables.py")
        for table in vars(source.module).values()
        if isclass(table) and issubclass(table, Base) and table.__module__ == source.module.__name__
    ]
    assert len(found) > 30
    assert unnamed([each for each in found if each[0].name not in OF_NO_SLICE], "infra") == []
    assert {name for _, name in found} == {table.__name__ for table in TABLES}


def test_every_repository_is_in_its_slice() -> None:
    found = classes_ending("Repository", "infra/*/repository.py")
    own = [(source, name) for source, name in found if source.name != "infra/db/repository.py"]
    assert len(own) > 15
    assert unnamed(own, "infra") == []


def test_the_repositories_of_every_slice_are_in_the_unit_of_work() -> None:
    found = classes_ending("Repositories", "infra/*/slice.py")
    assert len(found) > 10
    assert unregistered(found, names_in("infra/uow.py"), where="the bases of SqlUow in infra/uow.py") == []


def test_every_service_is_in_the_app_and_built() -> None:
    found = classes_ending("Service", "domain/*/service.py", "domain/*/*_service.py")
    attributes = {getattr(field.type, "__name__", "") for field in dataclasses.fields(App)}
    assert len(found) > 20
    assert unregistered(found, attributes, where="App in domain/app.py") == []
    assert unnamed(found, "infra") == []


def test_every_reader_is_built() -> None:
    found = classes_ending("Reader", "infra/*/reader.py")
    own = [(source, name) for source, name in found if not source.name.startswith(("infra/db/", "infra/jobs/"))]
    assert len(own) > 5
    assert unnamed(own, "infra") == []


def test_every_root_field_is_in_its_slice() -> None:
    for suffix, file in (("Queries", "queries"), ("Mutations", "mutations"), ("Subscriptions", "subscriptions")):
        found = classes_ending(suffix, f"api/*/{file}.py")
        assert found
        assert unnamed(found, "api") == []


def test_every_router_is_in_its_slice() -> None:
    routers = [(source, "router") for source in sources("api/*/routes.py")]
    assert len(routers) > 3
    assert unnamed(routers, "api") == []


def test_the_slices_of_the_api_are_in_the_order_of_the_domain() -> None:
    for tuple_ in ("PLATFORM", "TRACKER"):
        shown = [each.domain for each in getattr(api_slices, tuple_)]
        assert shown == [each for each in getattr(domain_slices, tuple_) if each in shown]


def entities() -> list[type[Any]]:
    values = [
        value
        for source in sources("domain/*/model.py", "domain/shared/batches.py")
        for value in vars(source.module).values()
    ]
    return list(dict.fromkeys(value for value in values if isclass(value) and "prefix" in vars(value)))


def prefix_faults(kinds: Collection[type[Any]], nodes: Collection[str]) -> list[str]:
    found = []
    seen: dict[str, str] = {}
    for kind in kinds:
        if not PREFIX.fullmatch(kind.prefix):
            found.append(f"{kind.__name__}: a prefix is three small letters.")
        if kind.prefix in seen:
            found.append(f"{kind.__name__}: {kind.prefix} is the prefix of {seen[kind.prefix]}; choose another.")
        if kind.prefix not in nodes and kind.prefix not in NO_NODES:
            found.append(
                f"{kind.__name__}: enter it in `nodes` in its api/<slice>/slice.py, or say in NO_NODES why not."
            )
        seen[kind.prefix] = kind.__name__
    return found


def test_every_entity_has_a_prefix_of_its_own_and_is_a_node() -> None:
    kinds = entities()
    assert len(kinds) >= 10
    assert prefix_faults(kinds, schema.nodes) == []
    assert {kind.prefix for kind in kinds} >= schema.nodes.keys() | NO_NODES.keys()


def node_types(kind: type[Node] = Node) -> set[type[Any]]:
    """Entities that types of `api` describe; the sample of the tests has types of its own."""
    types = [below for below in kind.__subclasses__() if below.__module__.startswith("api.")]
    return {below.describes for below in types if "describes" in vars(below)}


def test_every_node_has_a_type_and_every_type_can_be_read_by_id() -> None:
    readable = {kind for kind in entities() if kind.prefix in schema.nodes}
    assert {kind.__name__ for kind in readable} == {kind.__name__ for kind in node_types()}


def test_a_bad_prefix_is_found() -> None:
    class Issue:
        prefix = "iss"

    class Second:
        prefix = "iss"

    class Odd:
        prefix = "Odd1"

    class Hidden:
        prefix = "hid"

    names = [line.partition(":")[0] for line in prefix_faults([Issue, Second, Odd, Hidden], {"iss", "Odd1"})]
    assert names == ["Second", "Odd", "Hidden"]


def test_unregistered_parts_of_a_slice_are_found() -> None:
    sample = Source("infra/sample/repository.py", "class SqlSampleRepository: ...\n")
    assert unregistered([(sample, "SqlSampleRepository")], names_in("infra/issues/slice.py"), where="slice.py") == [
        "infra/sample/repository.py: enter SqlSampleRepository in slice.py."
    ]


def slices(package: str) -> set[str]:
    return {path.parent.name for path in ROOT.glob(f"{package}/*/__init__.py")}


def strange_slices(
    domain: Collection[str], outer: Collection[str], *, package: str, parts: Collection[str]
) -> list[str]:
    advice = "call it as in domain, or move it into the slice that it belongs to."
    return [f"{package}/{name}: {advice}" for name in sorted(outer) if name not in domain and name not in parts]


def test_a_slice_has_the_same_name_in_every_package() -> None:
    domain = slices("domain")
    assert strange_slices(domain, slices("api"), package="api", parts=API_ROOMS) == []
    assert strange_slices(domain, slices("infra"), package="infra", parts=("db", "dev", "jobs", "limits", "mail")) == []
    assert strange_slices({"issues"}, {"issue"}, package="api", parts=()) == [
        "api/issue: call it as in domain, or move it into the slice that it belongs to."
    ]


def strangers(names: Collection[str]) -> list[str]:
    """Files that another package's layer is known by: no api/*/tables.py, no infra/*/mutations.py."""
    homes = {stem: package for package, stems in FILES.items() for stem in stems.split()}
    found = []
    for name in names:
        package, part, file = name.split("/")[:3]
        stem = file.removesuffix(".py")
        if part != "shared" and stem in homes and stem not in FILES[package].split():
            found.append(f"{name}: belongs into {homes[stem]}, or is called after what it holds.")
    return found


def test_the_usual_files_stand_in_their_own_package() -> None:
    names = [source.name for package in FILES for source in sources(f"{package}/*/*.py")]
    assert strangers(names) == []
    assert strangers(["infra/issues/mutations.py", "api/issues/tables.py", "domain/issues/queries.py"]) == [
        "infra/issues/mutations.py: belongs into api, or is called after what it holds.",
        "api/issues/tables.py: belongs into infra, or is called after what it holds.",
    ]
