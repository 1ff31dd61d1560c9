"""Rules for entities, commands and ports of the domain."""

import ast
import dataclasses
import re
from collections.abc import Iterator, Mapping
from inspect import isclass
from typing import Any

from tests.architecture.sources import Function, Source, sources

SERVER_OWNED = re.compile(
    r"id|number|identifier|revision|creator_id|author_id|external_source|external_key|is_placeholder|roles?|\w+_at"
    r"|workspace_id"
)
"""Fields that no caller may set by naming them in an input."""

CALLERS_CHOICE = {
    "InvitationDraft.workspace_id": "where it is made; checked against the actor's membership",
    "InvitationDraft.role": "promising it is the use case; checked against the actor's own role",
    "CommentBatchCreate.workspace_id": "where the issues are; checked against the actor's membership",
    "LabelBatchCreate.workspace_id": "where they are made; checked against the actor's membership",
    "IssueBatchUpdate.workspace_id": "where the issues are; checked against the actor's membership",
    "MemberChanges.role": "giving it is the use case; checked against the actor's own role",
    "ProjectDraft.workspace_id": "where it is made; checked against the actor's membership",
    "IssueMoveState.id": "the workflow state to choose; checked against the new project",
    "ImportDraft.workspace_id": "where it is imported; checked against the actor's membership",
    "ChangeSetUndo.workspace_id": "where it is undone; checked against the actor's membership",
}
"""Fields of commands that look like the server's own, and why the caller names them."""


CHANCE = {
    "domain/auth/api_keys.py:secrets": "a key has to be unguessable, as below",
    "domain/shared/secrets.py:secrets": "a token has to be unguessable, and nothing depends on which it is",
    "domain/seed/generator.py:random": "drawn from a fixed seed, so that every demo is the same",
    "domain/seed/texts.py:random": "as above",
}
"""`path:module` -> why the domain may throw dice there."""

WORLDLY = {"os", "pathlib", "random", "secrets", "shutil", "socket", "subprocess", "time", "uuid"}


def own_classes(source: Source) -> Iterator[type[Any]]:
    for value in vars(source.module).values():
        if isclass(value) and value.__module__ == source.module.__name__:
            yield value


def entity_faults(kind: type[Any]) -> list[str]:
    """An entity is a frozen dataclass with slots and keyword-only fields."""
    params: Any = getattr(kind, "__dataclass_params__", None)
    is_right = (
        params is not None
        and params.frozen
        and "__slots__" in vars(kind)
        and all(field.kw_only for field in dataclasses.fields(kind))
    )
    advice = "decorate it with @dataclass(frozen=True, slots=True, kw_only=True)."
    return [] if is_right else [f"{kind.__module__}.{kind.__name__}: {advice}"]


def data_classes(*patterns: str) -> list[type[Any]]:
    kinds = [kind for source in sources(*patterns) for kind in own_classes(source)]
    return [kind for kind in kinds if dataclasses.is_dataclass(kind) or hasattr(kind, "prefix")]


def test_entities_commands_and_queries_cannot_change() -> None:
    kinds = data_classes("domain/*/model.py", "domain/*/commands.py", "domain/*/queries.py", "domain/*/jobs.py")
    assert len(kinds) > 30
    assert [line for kind in kinds for line in entity_faults(kind)] == []


def test_an_entity_that_can_change_is_found() -> None:
    @dataclasses.dataclass
    class Loose:
        id: str

    @dataclasses.dataclass(frozen=True, kw_only=True)
    class WithoutSlots:
        id: str

    class Plain:
        prefix = "pla"

    @dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
    class Right:
        id: str

    assert [len(entity_faults(kind)) for kind in (Loose, WithoutSlots, Plain, Right)] == [1, 1, 1, 0]


def settable_faults(kind: type[Any], choices: Mapping[str, str]) -> list[str]:
    return [
        f"{kind.__name__}.{field.name}: the server's own; take it out, or say in CALLERS_CHOICE why callers set it."
        for field in dataclasses.fields(kind)
        if SERVER_OWNED.fullmatch(field.name) and f"{kind.__name__}.{field.name}" not in choices
    ]


def test_no_command_sets_what_belongs_to_the_server() -> None:
    kinds = data_classes("domain/*/commands.py")
    assert [line for kind in kinds for line in settable_faults(kind, CALLERS_CHOICE)] == []


def test_a_command_that_sets_too_much_is_found() -> None:
    @dataclasses.dataclass
    class SampleChanges:
        id: str
        title: str
        created_at: str
        role: str

    names = [line.partition(":")[0] for line in settable_faults(SampleChanges, {"SampleChanges.role": "for the test"})]
    assert names == ["SampleChanges.id", "SampleChanges.created_at"]


def port_faults(source: Source) -> list[str]:
    """Methods of protocols without one sentence of what they promise; properties name themselves."""
    found = []
    for port in source.classes:
        if "Protocol" not in {ast.unparse(base).partition("[")[0] for base in port.bases}:
            continue
        for method in port.body:
            if not isinstance(method, Function) or method.decorator_list:
                continue
            text = ast.get_docstring(method)
            if text is None or not text.endswith((".", "!")):
                found.append(
                    f"{source.name}: {port.name}.{method.name} needs one sentence: what it gives, what it raises."
                )
            if [ast.unparse(line) for line in method.body[1 if text else 0 :]] not in ([], ["..."]):
                found.append(f"{source.name}: {port.name}.{method.name} is a port: the code belongs into an adapter.")
    return found


def test_every_method_of_a_port_says_what_it_promises() -> None:
    ports = [source for source in sources("domain/**/*.py") if "Protocol" in source.text]
    assert len(ports) > 10
    assert [line for source in ports for line in port_faults(source)] == []


def test_a_silent_port_is_found() -> None:
    text = '''
class Silent(Protocol):
    def read(self): ...
    def write(self):
        """Writes it."""
        ...
    @property
    def part(self): ...
    def busy(self):
        """Works."""
        return work()
class NoPort:
    def read(self): ...
'''
    assert [line.split()[1] for line in port_faults(Source("sample.py", text))] == ["Silent.read", "Silent.busy"]


def foreign_raises(source: Source) -> list[str]:
    """Built-in errors for what a caller did wrong; the domain has its own, with stable codes."""
    return [
        f"{source.name}:{node.lineno}: raise a DomainError of domain/shared/errors.py."
        for node in source.nodes
        if isinstance(node, ast.Raise) and node.exc is not None
        for name in [ast.unparse(node.exc).partition("(")[0]]
        if name in ("ValueError", "TypeError", "KeyError", "RuntimeError", "Exception", "LookupError")
    ]


def test_services_and_entities_raise_named_errors() -> None:
    files = sources("domain/*/service.py", "domain/*/*_service.py", "domain/*/model.py", "domain/*/policies.py")
    assert [line for source in files for line in foreign_raises(source)] == []
    assert foreign_raises(Source("sample.py", "def act():\n    raise ValueError('no')\n")) == [
        "sample.py:2: raise a DomainError of domain/shared/errors.py."
    ]


def worldly_imports(source: Source) -> list[str]:
    """Time, chance, files and processes come through ports, so that tests can hold them still."""
    return [
        f"{source.name}:{line}: take it from a port, or say in CHANCE why not."
        for line, name in source.imports
        for module in [name.partition(".")[0]]
        if module in WORLDLY and f"{source.name}:{module}" not in CHANCE
    ]


def test_the_domain_takes_time_and_chance_from_ports() -> None:
    assert [line for source in sources("domain/**/*.py") for line in worldly_imports(source)] == []
    assert worldly_imports(Source("domain/sample.py", "import json\nfrom time import monotonic\nimport random\n")) == [
        "domain/sample.py:2: take it from a port, or say in CHANCE why not.",
        "domain/sample.py:3: take it from a port, or say in CHANCE why not.",
    ]
