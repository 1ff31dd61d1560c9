"""Figures of the documents are those of RESULTS.md."""

import re
from pathlib import Path

import pytest

from benchmarks import documents
from benchmarks.documents import DOCUMENTS, QUOTED, execution, readme
from benchmarks.places import RESULTS, ROOT
from benchmarks.results import goals
from tests.benchmarks.test_chart import SHORT

README = (ROOT / "README.md").read_text()
PAGE = (ROOT / "docs/explanation/execution.md").read_text()
STOCK = "| list : stock | ≥ 15 | ≥ 20 | **16.10 (15.00–17.25)** | 14.00 | reached |\n"
NEW = SHORT.replace(
    STOCK,
    "".join(
        f"| {name} | ≥ 1 | ≥ 2 | **{factor} (0.50–21.00)** | 1.00 | reached |\n"
        for name, factor in zip(QUOTED, ("20.44", "2.35", "1.61"), strict=True)
    ),
)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_the_documents_show_the_figures_of_the_results(path: Path) -> None:
    text = path.read_text()
    assert text == DOCUMENTS[path](text, RESULTS.read_text()), "Run: .venv/bin/python -m benchmarks.documents"


def test_the_first_screen_of_the_readme_quotes_three_goals() -> None:
    screen = README.partition("\n## ")[0]
    measured = {goal.text: goal.by_rate for goal in goals(RESULTS.read_text())}
    for name, words in QUOTED.items():
        factor = measured[name]
        assert factor is not None
        assert words.format(f"{factor.middle:.2f}") in screen


def test_new_results_change_every_quoted_figure() -> None:
    changed = readme(README, NEW)
    sentence = (
        "Operations are compiled to Python: 900 requests/s for a list of 50 issues with seven relations, "
        "20.44 times as many as stock Strawberry execution, 2.35 times the best Node server, "
        "1.61 times asyncpg by hand. |"
    )
    assert sentence in changed
    assert "Not the fastest" not in changed
    assert len(changed.splitlines()) in {len(README.splitlines()), len(README.splitlines()) - 1}
    assert "| Workgraph | 900 |\n| A & B | 90 |\n\n" in execution(PAGE, NEW)


def test_the_faster_server_is_named_once() -> None:
    slower = NEW.replace("| A & B | 90 (80–95) |", "| A & B | 950 (80–995) |")
    changed = readme(readme(README, slower), slower)
    limits = changed.partition("## What it does not do yet\n\n")[2]
    assert limits.startswith("- Not the fastest: A & B answers 950 requests/s of the list above.\n- ")
    assert len(re.findall("Not the fastest", changed)) == 1
    assert readme(changed, NEW) == readme(README, NEW)


def test_writing_leaves_other_text_as_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "page"
    path.write_text(PAGE)
    monkeypatch.setattr(documents, "DOCUMENTS", {path: execution})
    documents.write(NEW)
    assert path.read_text().splitlines()[:38] == PAGE.splitlines()[:38]
    assert path.read_text().splitlines()[-2:] == PAGE.splitlines()[-2:]
