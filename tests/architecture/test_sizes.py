"""Files and functions stay small enough to be read at once, and are called after what they hold."""

import re

from tests.architecture.sources import Source, sources

LONGEST_FILE = 400
LONGEST_FUNCTION = 40

LONGEST_RESOLVER = 15
RESOLVER_FILES = ("types", "queries", "mutations", "subscriptions")

LONG_FILES: dict[str, str] = {}
"""Path -> why it may be longer."""

LONG_FUNCTIONS = {"infra/bootstrap.py:open_app": "the composition root: a line for each adapter and service"}
"""`path:function` -> why it may be longer."""

EMPTY_NAMES = re.compile(r"(?:^|_)(?:utils?|helpers?|common|managers?|misc|base_service)(?:_|$)")


def long_files(source: Source) -> list[str]:
    lines = source.text.count("\n")
    if lines <= LONGEST_FILE or source.name in LONG_FILES:
        return []
    return [f"{source.name}: {lines} lines. Split it by topic, or list it in LONG_FILES with a reason."]


def long_functions(source: Source) -> list[str]:
    found = []
    for function in source.functions:
        assert function.end_lineno is not None
        lines = function.end_lineno - function.lineno + 1
        name = f"{source.name}:{function.name}"
        if lines > LONGEST_FUNCTION and name not in LONG_FUNCTIONS:
            found.append(f"{name}: {lines} lines. Name its parts, or list it in LONG_FUNCTIONS with a reason.")
    return found


def long_resolvers(source: Source) -> list[str]:
    """A resolver converts, calls one service method and hands on what it got; its signature is not counted."""
    found = []
    for function in source.functions:
        assert function.end_lineno is not None
        lines = function.end_lineno - function.body[0].lineno + 1
        if lines > LONGEST_RESOLVER:
            found.append(f"{source.name}:{function.name}: {lines} lines. Move what it decides into the service.")
    return found


def empty_names(source: Source) -> list[str]:
    parts = source.name.removesuffix(".py").split("/")
    advice = "name what it holds; a place for everything holds anything."
    return [f"{source.name}: {advice}" for part in parts if EMPTY_NAMES.search(part)]


def counted() -> list[Source]:
    """All but migrations, which are written once and never touched again."""
    return [source for source in sources() if not source.name.startswith("migrations/versions/")]


def test_files_are_short() -> None:
    assert [line for source in counted() for line in long_files(source)] == []


def test_functions_are_short() -> None:
    assert [line for source in counted() for line in long_functions(source)] == []


def test_resolvers_are_shorter_still() -> None:
    files = [
        source
        for source in sources(*(f"api/*/{name}.py" for name in RESOLVER_FILES))
        if not source.name.startswith("api/shared/")
    ]
    assert [line for source in files for line in long_resolvers(source)] == []
    sample = Source("api/sample/queries.py", "def resolve(\n    self,\n):\n" + "    work()\n" * 16)
    assert long_resolvers(sample) == ["api/sample/queries.py:resolve: 16 lines. Move what it decides into the service."]


def test_modules_are_named_after_what_they_hold() -> None:
    assert [line for source in sources() for line in empty_names(source)] == []


def test_exceptions_are_still_needed() -> None:
    assert {source.name for source in counted() if source.text.count("\n") > LONGEST_FILE} == LONG_FILES.keys()
    names = {f"{source.name}:{function.name}" for source in counted() for function in source.functions}
    assert LONG_FUNCTIONS.keys() <= names


def test_planted_long_functions_and_files_are_found() -> None:
    function = "def run():\n" + "    work()\n" * 40
    at_the_limit = "def run():\n" + "    work()\n" * 39
    assert long_functions(Source("domain/sample.py", function)) == [
        "domain/sample.py:run: 41 lines. Name its parts, or list it in LONG_FUNCTIONS with a reason."
    ]
    assert long_functions(Source("domain/sample.py", at_the_limit)) == []
    assert long_files(Source("domain/sample.py", "x = 1\n" * 400)) == []
    assert long_files(Source("domain/sample.py", "x = 1\n" * 401)) == [
        "domain/sample.py: 401 lines. Split it by topic, or list it in LONG_FILES with a reason."
    ]


def test_a_planted_meaningless_name_is_found() -> None:
    for name in ("api/utils.py", "domain/helpers/text.py", "infra/job_manager.py", "domain/shared/common.py"):
        assert len(empty_names(Source(name, ""))) == 1, name
    assert empty_names(Source("domain/issues/commands.py", "")) == []
