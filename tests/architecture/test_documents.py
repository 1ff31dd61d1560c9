"""The documents match the code: paths, names, links, the order of slices and the table of settings."""

import ast
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.settings_table import with_table

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(str(path.relative_to(ROOT)) for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")))
TOP = "api|cli|domain|infra|migrations|strawberry_compiled|tests"
PATH = re.compile(rf"`((?:{TOP})/[\w./-]+|[\w-]+\.(?:py|md|toml|yaml)|LICENSE|Makefile|Dockerfile)`")
NAMED = re.compile(rf"`((?:{TOP})/[\w./-]+\.py)`\s+\((`\w+`(?:, `\w+`)*)\)|\(`([\w./-]+\.py)`, (`\w+`)\)")
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
CODE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
SLICE_FILES = {path.name for path in ROOT.glob("domain/*/*.py")} | {
    path.name for folder in ("api/*", "infra/*", "tests/architecture") for path in ROOT.glob(f"{folder}/*.py")
}


def text_of(document: str) -> str:
    return (ROOT / document).read_text()


def missing_paths(text: str) -> list[str]:
    """Paths between backticks that lead nowhere; a bare name may be one of a slice's files."""
    return [path for path in PATH.findall(text) if not (ROOT / path).exists() and path not in SLICE_FILES]


def names_in(path: Path) -> set[str]:
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, kinds)}


def missing_names(text: str) -> list[str]:
    """Names in brackets behind a path that its file does not define."""
    found = [(path or other, names or name) for path, names, other, name in NAMED.findall(text)]
    return [
        f"{path}: {name}"
        for path, names in found
        if (ROOT / path).is_file()
        for name in re.findall(r"\w+", names)
        if name not in names_in(ROOT / path)
    ]


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives the headings: lower case, without punctuation, spaces as hyphens."""
    headings = HEADING.findall(CODE.sub("", text))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(text: str, folder: Path = ROOT) -> Iterator[str]:
    """Relative links to missing files, and anchors that no heading has."""
    for target in LINK.findall(CODE.sub("", text)):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        path = folder / name
        if not path.exists() or (anchor and anchor not in anchors(path.read_text() if name else text)):
            yield target


@pytest.mark.parametrize("document", DOCUMENTS)
def test_paths_names_and_links_lead_somewhere(document: str) -> None:
    text = text_of(document)
    assert missing_paths(text) == []
    assert missing_names(text) == []
    assert list(broken_links(text, (ROOT / document).parent)) == []


def test_the_architecture_names_files_of_all_lives() -> None:
    text = text_of("ARCHITECTURE.md")
    assert len(set(PATH.findall(text))) > 50
    assert len(NAMED.findall(text)) > 25
    lives = text.split("## The life of ")[1:]
    assert [len(set(PATH.findall(life))) >= 9 for life in lives] == [True] * 4


def test_planted_errors_in_documents_are_found() -> None:
    text = (
        "`api/nowhere.py`, `nothing.py` and `model.py`; `domain/app.py` (`App`, `Ape`) and (`infra/uow.py`, `SqlUow`), "
        "(`infra/uow.py`, `Other`); [here](LICENSE), [there](MISSING), [far](https://example.org/none), [below](#a-b), "
        "[nowhere](#c), [elsewhere](ARCHITECTURE.md#none)\n\n## A `b`!\n\n```sh\n# c\n```\n"
    )
    assert missing_paths(text) == ["api/nowhere.py", "nothing.py"]
    assert missing_names(text) == ["domain/app.py: Ape", "infra/uow.py: Other"]
    assert list(broken_links(text)) == ["MISSING", "#c", "ARCHITECTURE.md#none"]


def test_the_order_of_slices_is_that_of_the_contracts() -> None:
    contracts = tomllib.loads(text_of("importlinter.toml"))["tool"]["importlinter"]["contracts"]
    layers = next(each["layers"] for each in contracts if each["id"] == "domain-slices")
    inward = list(reversed(layers[layers.index("app | slices") + 1 : layers.index("shared")]))
    said = re.search(r"\*\*Slices know only earlier slices\*\*: (.*?)\.", text_of("ARCHITECTURE.md"), re.DOTALL)
    assert said is not None
    words = [word for word in re.findall(r"\w+", said[1]) if word not in ("then", "and", "last")]
    assert words == [name for layer in inward for name in sorted(layer.split(" | "))]


def test_the_table_of_settings_is_that_of_the_class() -> None:
    text = text_of("docs/reference/settings.md")
    assert with_table(text) == text, "Run: .venv/bin/python -m tests.settings_table"
    assert with_table(text.replace("| `8000` |", "| `8001` |")) == text
    with pytest.raises(ValueError, match="markers"):
        with_table(text.replace("<!-- end of settings -->", ""))


def own_files() -> Iterator[str]:
    """Paths of the repository's texts, without what is installed or written by tools."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name[0] != "." and name not in ("node_modules", "build", "dist")]
        for name in names:
            if name.endswith((".py", ".md", ".toml", ".yaml", ".yml")):
                yield (Path(folder) / name).relative_to(ROOT).as_posix()


def unknown_documents(text: str, known: set[str]) -> list[str]:
    """Markdown files that a text names and the repository does not have, by path or by name."""
    named = re.findall(r"(?<![\w/.*-])(?:[\w-]+/)*[\w-]+\.md\b", text)
    return [name for name in named if not any(f"/{path}".endswith(f"/{name}") for path in known)]


def test_only_documents_of_the_repository_are_named() -> None:
    paths = list(own_files())
    known = {path for path in paths if path.endswith(".md")}
    texts = {path: text_of(path) for path in paths if path != "tests/architecture/test_documents.py"}
    assert [f"{path}: {name}" for path, text in texts.items() for name in unknown_documents(text, known)] == []
    assert [path for path, text in texts.items() if re.search(r"\bDESIGN\b", text)] == []
    assert unknown_documents("README.md, docs/none.md, GUIDE.md", known) == ["docs/none.md", "GUIDE.md"]


def test_names_of_the_api_are_in_the_schema() -> None:
    """Names in camelCase between backticks; a few are of other programs or of requests."""
    elsewhere = {"documentId", "fixVersions", "invitationToken", "connectionParams"}
    schema = set(re.findall(r"\w+", text_of("api/schema.graphql")))
    named = re.compile(r"`([a-z]+(?:[A-Z][a-z]+)+)(?:\(|:|`| \{)")
    texts = {name: CODE.sub("", text_of(name)) for name in DOCUMENTS}
    found = {name: set(named.findall(text)) - schema - elsewhere for name, text in texts.items()}
    assert {name: names for name, names in found.items() if names} == {}
    assert elsewhere <= {each for text in texts.values() for each in named.findall(text)}
    assert named.findall("`issueCreate`, `page(first:)`, `issueMake { id }`") == ["issueCreate", "issueMake"]


def test_documents_say_sign_in() -> None:
    wrong = re.compile(r"\blog(?:s|ged|ging)?[- ](?:in|out)\b|\blog(?:in|out)s?\b", re.IGNORECASE)
    assert {name: found for name in DOCUMENTS if (found := wrong.findall(CODE.sub("", text_of(name))))} == {}
    assert wrong.findall("log in, logged out, Logins") == ["log in", "logged out", "Logins"]


def test_documents_are_short_and_say_nothing_provisional() -> None:
    assert len(text_of("ARCHITECTURE.md").splitlines()) < 260
    for document in DOCUMENTS:
        assert (
            re.findall(r"(?i)\b(todo|tbd|fixme|lorem|placeholder text|your-org|example\.com)\b", text_of(document))
            == []
        )


def test_the_forms_for_issues_and_the_workflow_are_complete() -> None:
    forms = [yaml.safe_load(path.read_text()) for path in ROOT.glob(".github/ISSUE_TEMPLATE/[!c]*.yml")]
    assert len(forms) == 2
    for form in forms:
        assert form.keys() >= {"name", "description", "body"}
        fields = [field for field in form["body"] if field["type"] != "markdown"]
        assert len({field["id"] for field in fields}) == len(fields)
        assert all(field["attributes"]["label"] for field in fields)
    [job] = yaml.safe_load(text_of(".github/workflows/ci.yml"))["jobs"].values()
    assert job["steps"][-1] == {"run": ".ci/run"}
    assert os.access(ROOT / ".ci/run", os.X_OK)
