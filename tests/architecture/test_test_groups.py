"""The tests of the engine and of the platform need nothing of the tracker, so that a fork without it keeps them."""

from collections.abc import Iterator, Mapping, Sequence

from domain.slices import TRACKER
from tests.architecture.sources import Source, sources

NEUTRAL = ("tests/*.py", "tests/sample/**/*.py", "tests/engine/**/*.py", "tests/platform/**/*.py")
OF_TRACKER = ("tests.tracker", *(f"{room}.{each.name}" for each in TRACKER for room in ("domain", "infra", "api")))


def faults(modules: Sequence[Source]) -> Iterator[str]:
    """Imports of the tracker by these modules, also by way of each other."""
    imports = {name_of(source): [name for _, name in source.imports] for source in modules}
    for source in modules:
        for line, name in source.imports:
            if is_of_tracker(name):
                yield f"{source.name}:{line}: use tests/sample in place of {name}, or move the test to tests/tracker."
            elif name.startswith("tests.factories") and reaches_tracker(name, imports, set()):
                yield f"{source.name}:{line}: {name} needs the tracker: move it to tests/tracker/factories."


def reaches_tracker(name: str, imports: Mapping[str, Sequence[str]], seen: set[str]) -> bool:
    module = name if name in imports else name.rpartition(".")[0]
    if module in seen:
        return False
    seen.add(module)
    return any(is_of_tracker(each) or reaches_tracker(each, imports, seen) for each in imports.get(module, ()))


def is_of_tracker(name: str) -> bool:
    return any(f"{name}.".startswith(f"{each}.") for each in OF_TRACKER)


def name_of(source: Source) -> str:
    return source.name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def test_tests_of_engine_and_platform_need_nothing_of_the_tracker() -> None:
    assert list(faults([*sources(*NEUTRAL), *sources("tests/factories/*.py")])) == []


def test_a_way_to_the_tracker_is_found() -> None:
    modules = [
        Source(
            "tests/engine/api/test_a.py", "from tests.factories.books import Book\nfrom domain.issues import model\n"
        ),
        Source("tests/factories/books.py", "import tests.factories.shelves\n"),
        Source("tests/factories/shelves.py", "from infra.projects.tables import ProjectRow\n"),
        Source("tests/platform/test_b.py", "from domain.workspaces.model import Workspace\nimport tests.tracker.api\n"),
    ]
    assert [fault.partition(": ")[0] for fault in faults(modules)] == [
        "tests/engine/api/test_a.py:1",
        "tests/engine/api/test_a.py:2",
        "tests/factories/books.py:1",
        "tests/factories/shelves.py:1",
        "tests/platform/test_b.py:2",
    ]
