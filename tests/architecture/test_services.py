"""The shape of services: who asks comes first, and one use case is one Unit of Work, committed once, last."""

import ast
from collections.abc import Iterator

from tests.architecture.sources import Function, Source, sources

ACTOR_LESS = {
    "AuthService.authenticate": "finds out who the actor is",
    "AuthService.recall": "finds out who the actor is",
    "AuditService.follow": "asks for the actor anew with each event, since roles change while a socket is open",
}
"""`Service.method` -> why its first argument is not the actor."""

SERVICE_FILES = ("domain/*/service.py", "domain/*/*_service.py")
WRITES = {"add", "add_all", "checkpoint", "enqueue", "purge", "record", "remove", "save"}
COMMITTERS = {
    "domain/auth/proof.py": "a wrong password is noted, although the use case that asked for it is refused",
    "infra/commits.py": "the Unit of Work itself",
}


def public_methods(source: Source) -> Iterator[tuple[str, Function]]:
    for service in source.classes:
        if not service.name.endswith("Service"):
            continue
        for method in service.body:
            if isinstance(method, Function) and not method.name.startswith("_"):
                yield f"{service.name}.{method.name}", method


def methods_without_actor(source: Source) -> list[str]:
    found = []
    for name, method in public_methods(source):
        first = method.args.args[1:2]
        is_actor = bool(first) and first[0].arg == "actor" and ast.unparse(first[0].annotation or first[0]) == "Actor"
        if not is_actor and name not in ACTOR_LESS:
            found.append(f"{source.name}: {name} must take `actor: Actor` first, or stand in ACTOR_LESS with a reason.")
    return found


def is_commit(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"


def commits_in(node: ast.AST) -> int:
    return sum(map(is_commit, ast.walk(node)))


def opens_uow(node: ast.AST) -> bool:
    return isinstance(node, ast.AsyncWith) and any("_uow(" in ast.unparse(item.context_expr) for item in node.items)


def is_closed_by_commits(block: list[ast.stmt]) -> bool:
    """Whether after each commit in the block nothing else of the block runs."""
    *before, last = without_plain_return(block)
    for statement in before:
        if commits_in(statement) and not all(is_closed_by_commits(inner) for inner in inner_blocks(statement)):
            return False
        if commits_in(statement) and not always_leaves(statement):
            return False
    if isinstance(last, ast.For | ast.AsyncFor | ast.While):
        return commits_in(last) == 0
    return all(is_closed_by_commits(inner) for inner in inner_blocks(last)) and commits_in(last) <= len(
        inner_blocks(last) or [block]
    )


def without_plain_return(block: list[ast.stmt]) -> list[ast.stmt]:
    """Block without a final `return` that calls nothing, and only hands over existing values."""
    is_plain = isinstance(block[-1], ast.Return) and not any(isinstance(node, ast.Call) for node in ast.walk(block[-1]))
    return block[:-1] if is_plain and len(block) > 1 else block


def inner_blocks(statement: ast.stmt) -> list[list[ast.stmt]]:
    names = ("body", "orelse", "finalbody")
    blocks = [getattr(statement, name) for name in names if getattr(statement, name, None)]
    return blocks + [handler.body for handler in getattr(statement, "handlers", ())]


def always_leaves(statement: ast.stmt) -> bool:
    """Whether every path of the statement that commits also returns or raises."""
    if isinstance(statement, ast.Return | ast.Raise):
        return True
    blocks = [block for block in inner_blocks(statement) if any(map(commits_in, block))]
    return bool(blocks) and all(always_leaves(block[-1]) for block in blocks)


def writes(node: ast.AST) -> bool:
    return any(
        isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute) and each.func.attr in WRITES
        for each in ast.walk(node)
    )


def forgotten_commits(source: Source) -> list[str]:
    return [
        f"{source.name}: {function.name} writes, and never commits: what it wrote is undone."
        for function in source.functions
        for block in ast.walk(function)
        if opens_uow(block) and writes(block) and not commits_in(block)
    ]


def misplaced_commits(source: Source) -> list[str]:
    """Commits outside of a Unit of Work that the same method opens, or followed by something inside of it."""
    found = []
    for function in source.functions:
        opened = [node for node in ast.walk(function) if isinstance(node, ast.AsyncWith) and opens_uow(node)]
        inside = sum(commits_in(block) for block in opened)
        if commits_in(function) > inside:
            found.append(f"{source.name}: {function.name} commits a Unit of Work that it has not opened.")
        found += [
            f"{source.name}: {function.name} must commit once on each path, and then do no more."
            for block in opened
            if commits_in(block) and not is_closed_by_commits(block.body)
        ]
    return found


def clock_readings(node: ast.AST) -> Iterator[ast.AST]:
    return (each for each in ast.walk(node) if isinstance(each, ast.Attribute) and each.attr == "_clock")


def second_times(source: Source) -> list[str]:
    """Readings of the clock in a Unit of Work, which has one time, and times from before that are used in one."""
    found = []
    for function in source.functions:
        # A constructor's `uow` opens Units of Work.
        takes_uow = function.name != "__init__" and any(argument.arg == "uow" for argument in function.args.args)
        blocks = [function] if takes_uow else [node for node in ast.walk(function) if opens_uow(node)]
        read_before = {
            target.id
            for node in ast.walk(function)
            if isinstance(node, ast.Assign) and ast.unparse(node.value) == "self._clock.now()"
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        used = {node.id for block in blocks for node in ast.walk(block) if isinstance(node, ast.Name)}
        if read_before & used or any(any(clock_readings(block)) for block in blocks):
            found.append(f"{source.name}: {function.name} must take the time of its Unit of Work, `uow.now`.")
    return found


def foreign_commits(source: Source) -> list[str]:
    return [
        f"{source.name}:{node.lineno}: only services commit: let a service do the whole use case."
        for node in source.nodes
        if is_commit(node)
    ]


def test_every_use_case_is_asked_by_an_actor() -> None:
    assert [line for source in sources(*SERVICE_FILES) for line in methods_without_actor(source)] == []


def test_exceptions_to_the_actor_still_exist() -> None:
    names = {name for source in sources(*SERVICE_FILES) for name, _ in public_methods(source)}
    assert ACTOR_LESS.keys() <= names


def test_a_use_case_without_actor_is_found() -> None:
    text = """
class SampleService:
    def __init__(self, uow): ...
    async def create(self, actor: Actor, draft: Draft): ...
    async def read(self, ids): ...
    async def named_only(self, actor): ...
    async def _part(self, uow): ...
"""
    lines = methods_without_actor(Source("domain/sample/service.py", text))
    assert [line.split()[1] for line in lines] == ["SampleService.read", "SampleService.named_only"]


def test_services_commit_once_and_last() -> None:
    assert [line for source in sources(*SERVICE_FILES) for line in misplaced_commits(source)] == []


def test_services_commit_what_they_write() -> None:
    assert [line for source in sources(*SERVICE_FILES) for line in forgotten_commits(source)] == []
    body = "async def act(self, actor):\n    async with self._uow(actor) as uow:\n        {}\n"
    assert forgotten_commits(Source("sample.py", body.format("uow.record(event)"))) == [
        "sample.py: act writes, and never commits: what it wrote is undone."
    ]
    assert forgotten_commits(Source("sample.py", body.format("return await uow.users.by_id(1)"))) == []


def test_nothing_but_services_commits() -> None:
    services = {source.name for source in sources(*SERVICE_FILES)}
    others = [source for source in sources() if source.name not in services and source.name not in COMMITTERS]
    assert [line for source in others for line in foreign_commits(source)] == []


def test_a_unit_of_work_has_one_time() -> None:
    assert [line for source in sources("domain/*/*.py") for line in second_times(source)] == []


def test_a_second_time_in_a_unit_of_work_is_found() -> None:
    text = """
class SampleService:
    async def inside(self, actor):
        async with self._uow(actor) as uow:
            return await uow.commit(thing.changed(now=self._clock.now()))
    async def before(self, actor):
        now = self._clock.now()
        async with self._uow(actor) as uow:
            return await uow.commit(thing.changed(now=now))
    async def _part(self, uow, thing):
        return thing.changed(now=self._clock.now())
    async def one(self, actor):
        made = Thing.made(now=self._clock.now())
        async with self._uow(actor) as uow:
            return await uow.commit(made.changed(now=uow.now))
"""
    names = [line.split()[1] for line in second_times(Source("domain/sample/service.py", text))]
    assert names == ["inside", "before", "_part"]


def sample(*body: str) -> list[str]:
    lines = "\n".join(f"        {line}" for line in body)
    return misplaced_commits(
        Source("sample.py", f"async def act(self, actor):\n    async with self._uow(actor) as uow:\n{lines}\n")
    )


def test_a_commit_in_the_wrong_place_is_found() -> None:
    late = ["sample.py: act must commit once on each path, and then do no more."]
    assert sample("await uow.commit(1)", "uow.record(event)") == late
    assert sample("await uow.commit(1)", "return await uow.commit(2)") == late
    assert sample("for item in items:", "    await uow.commit(item)") == late
    assert sample("if done:", "    await uow.commit(1)", "return await uow.commit(2)") == late
    assert sample("if done:", "    await uow.commit(1)", "    work()") == late
    assert misplaced_commits(Source("sample.py", "async def act(uow):\n    await uow.commit(1)\n")) == [
        "sample.py: act commits a Unit of Work that it has not opened."
    ]
    assert foreign_commits(Source("api/sample.py", "connection.commit()\n")) == [
        "api/sample.py:1: only services commit: let a service do the whole use case."
    ]


def test_a_commit_in_the_right_place_passes() -> None:
    assert sample("work()", "return await uow.commit(1)") == []
    assert sample("work()", "written = await uow.commit(1)") == []
    assert sample("if done:", "    return await uow.commit(1)", "return await uow.commit(2)") == []
    assert sample("if done:", "    await uow.commit(1)", "else:", "    await uow.commit(2)") == []
    assert sample("await uow.commit(1)", "return changed") == []
    assert sample("return 1") == []
