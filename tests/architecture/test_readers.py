"""The shape of reads: what resolvers may call, how it is named, and that services add something to what they read."""

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from inspect import getmembers, isfunction, signature
from typing import Any, Protocol, get_args, get_origin, get_type_hints

from domain.accounts.model import UserId
from domain.app import Readers
from domain.audit.model import Subject
from domain.shared.actor import Actor
from domain.shared.pages import PageRequest
from domain.shared.projections import Projection
from domain.workspaces.model import Workspace
from tests.architecture.sources import Function, Source, sources
from tests.architecture.test_services import SERVICE_FILES, public_methods

UNCHECKED_IDS = {
    "users.named_by_ids": "`related` takes the ids from entities that the actor was shown; see the test of its callers",
}
"""Lookup by id without visibility in its SQL -> why that is safe; `api/test_reads.py` in groups of tests try others."""

CALLERS_OF_NAMED = {"api/shared/loads.py", "domain/accounts/service.py"}
LIST_NAME = re.compile(r"(?:\w+_)?of_(?P<parents>[a-z_]+)")
LOOKUP_NAME = re.compile(r"(?:\w+_)?by_ids")
KEY_NAME = re.compile(r"by_[a-z_]+")

Method = tuple[str, Callable[..., Any]]


def reader_methods(kind: type[Any], name: str) -> Iterator[Method]:
    for method, function in getmembers(kind, isfunction):
        if not method.startswith("_"):
            yield f"{name}.{method}", function


def offered() -> list[Method]:
    """Every method of every reader on `App.read`."""
    hints = get_type_hints(Readers)
    return [method for field in fields(Readers) for method in reader_methods(hints[field.name], field.name)]


def parameters(function: Callable[..., Any]) -> Mapping[str, Any]:
    hints = get_type_hints(function)
    return {name: hints[name] for name in signature(function).parameters if name != "self"}


def is_entity(kind: Any) -> bool:
    return kind is Subject or (is_dataclass(kind) and "id" in get_type_hints(kind))


def fault(method: Method) -> str | None:
    """The fault of a reader's method that resolvers may call."""
    name, function = method
    given = dict(parameters(function))
    first = next(iter(given), None)
    if first != "actor" or given.pop("actor") is not Actor:
        return f"{name} must take `actor: Actor` first."
    verb, kinds = name.partition(".")[2], list(given.items())
    parents = LIST_NAME.fullmatch(verb)
    if parents is not None:
        is_of_entities = bool(kinds) and get_origin(kinds[0][1]) is Sequence and is_entity(*get_args(kinds[0][1]))
        if not is_of_entities:
            return f"{name} must take its parents as entities, never their ids: whoever holds one may see it."
        return None if kinds[0][0] == parents["parents"] else f"{name} must end like its parameter {kinds[0][0]}."
    if LOOKUP_NAME.fullmatch(verb):
        names = [key for key, kind in kinds if kind != Projection]
        return None if names == ["ids"] else f"{name} must take `ids` and nothing else but a projection."
    if KEY_NAME.fullmatch(verb):
        is_of_parents = all(is_entity(kind) for _, kind in kinds[:-1])
        return None if is_of_parents else f"{name} must take its parent as an entity, then the key."
    return None if verb == "page" and kinds == [("request", PageRequest)] else f"{name} follows no pattern of names."


def test_reader_methods_for_resolvers_take_the_actor_and_entities() -> None:
    methods = offered()
    assert len(methods) > 25
    assert [line for line in map(fault, methods) if line is not None] == []


def test_a_reader_of_another_shape_is_found() -> None:
    class Sample(Protocol):
        async def a_anybody(self, ids: Sequence[str]) -> None: ...
        async def b_of_workspaces(self, actor: Actor, workspace_ids: Sequence[str]) -> None: ...
        async def c_of_projects(self, actor: Actor, workspaces: Sequence[Workspace]) -> None: ...
        async def by_key(self, actor: Actor, workspace_id: str, key: str) -> None: ...
        async def by_ids(self, actor: Actor, ids: Sequence[str], more: str) -> None: ...
        async def everything(self, actor: Actor) -> None: ...
        async def of_workspaces(self, actor: Actor, workspaces: Sequence[Workspace]) -> None: ...

    lines = [fault(method) for method in reader_methods(Sample, "sample")]
    assert [line.partition(" ")[2] for line in lines if line is not None] == [
        "must take `actor: Actor` first.",
        "must take its parents as entities, never their ids: whoever holds one may see it.",
        "must take `ids` and nothing else but a projection.",
        "must take its parent as an entity, then the key.",
        "must end like its parameter workspaces.",
        "follows no pattern of names.",
    ]


def test_unchecked_lookups_are_listed_and_exist() -> None:
    assert UNCHECKED_IDS.keys() <= {name for name, _ in offered()}
    unchecked = [name for name, function in offered() if parameters(function).get("ids") == Sequence[UserId]]
    assert unchecked == list(UNCHECKED_IDS)


def uses(source: Source, name: str) -> list[ast.Attribute]:
    return [node for node in source.nodes if isinstance(node, ast.Attribute) and node.attr == name]


def untraced_ids(source: Source) -> list[str]:
    """Uses of `loads.users` other than as second argument of `related`, which takes the ids from entities."""
    calls = [node for node in source.nodes if isinstance(node, ast.Call) and ast.unparse(node.func) == "related"]
    traced = {call.args[1] for call in calls if len(call.args) > 1}
    found = [node for node in uses(source, "users") if ast.unparse(node) == "loads.users" and node not in traced]
    return [f"{source.name}:{node.lineno}: ids of people come from entities: use `related`." for node in found]


def test_ids_of_people_come_from_entities_that_the_actor_was_shown() -> None:
    callers = {source.name for source in sources() if uses(source, "named_by_ids")}
    assert callers == CALLERS_OF_NAMED
    assert [line for source in sources("api/**/*.py", "cli/**/*.py") for line in untraced_ids(source)] == []
    text = "a = related('user_id', loads.users)\nb = loads.users(info, ids)\n"
    assert [line.partition(": ")[0] for line in untraced_ids(Source("sample.py", text))] == ["sample.py:2"]


def misnamed_lists(source: Source) -> list[str]:
    """Methods that list something under several parents, and are not named after these."""
    classes = [each for each in source.classes if each.name.endswith(("Service", "Reader"))]
    found = []
    for kind in classes:
        for method in [each for each in kind.body if isinstance(each, Function) and not each.name.startswith("_")]:
            parents = plural_parameters(method)
            is_named = any(method.name.endswith(f"of_{name}") for name in parents)
            is_lookup = LOOKUP_NAME.fullmatch(method.name) is not None
            if is_list(method) and parents and not is_named and not is_lookup:
                found.append(f"{source.name}: {kind.name}.{method.name} must end in of_{parents[0]}.")
    return found


def plural_parameters(method: Function) -> list[str]:
    """The names of parameters that are sequences; those of ids by what they are ids of."""
    given = [each for each in method.args.args if ast.unparse(each.annotation or each).startswith("Sequence[")]
    return [f"{each.arg.removesuffix('_ids')}s" if each.arg.endswith("_ids") else each.arg for each in given]


def is_list(method: Function) -> bool:
    """Whether the method returns something for each of its parents."""
    returned = ast.unparse(method.returns) if method.returns is not None else ""
    return returned.startswith(("Sequence[", "Mapping["))


def test_lists_are_named_after_their_parents() -> None:
    read = sources(*SERVICE_FILES, "domain/*/ports.py")
    assert [line for source in read for line in misnamed_lists(source)] == []
    text = (
        "class SampleReader:\n"
        "    async def pages(self, actor, issue_ids: Sequence[str]) -> Sequence[Page]: ...\n"
        "    async def of_issues(self, actor, issue_ids: Sequence[str]) -> Sequence[Page]: ...\n"
        "    async def labels_of_issues(self, actor, issues: Sequence[Issue]) -> Sequence[Page]: ...\n"
    )
    assert misnamed_lists(Source("sample.py", text)) == ["sample.py: SampleReader.pages must end in of_issues."]


def hands_on(method: Function) -> bool:
    """Whether all that the method does is to call one of its ports with what it was given."""
    body = [each for each in method.body if not (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))]
    if len(body) != 1 or not isinstance(body[0], ast.Return) or not isinstance(body[0].value, ast.Await):
        return False
    call = body[0].value.value
    if not isinstance(call, ast.Call) or not re.fullmatch(r"self\._\w+\.\w+", ast.unparse(call.func)):
        return False
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    return not any(isinstance(node, ast.Call) for each in given for node in ast.walk(each))


def test_services_add_something_to_what_they_read() -> None:
    found = [
        f"{source.name}: {name} only hands on: let its callers read from `App.read`."
        for source in sources(*SERVICE_FILES)
        for name, method in public_methods(source)
        if hands_on(method)
    ]
    assert found == []


def test_a_service_method_that_hands_on_is_found() -> None:
    def sample(body: str) -> bool:
        [method] = Source("sample.py", f"async def read(self, actor, issues):\n    {body}\n").functions
        return hands_on(method)

    assert sample("return await self._read.by_ids(actor, [issue.id for issue in issues])")
    assert not sample("return await self._read.by_ids(actor, checked(issues))")
    assert not sample("_ = actor.signed_in_id; return await self._read.by_ids(actor, issues)")
    assert not sample("return await self._set_lifecycle(actor, issues)")
