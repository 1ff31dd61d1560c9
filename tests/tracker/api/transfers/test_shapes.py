"""Files of every accepted shape are imported; other files end as FAILED with the reason."""

import asyncio
import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest

from cli.main import main
from domain.shared.actor import Actor
from domain.shared.errors import InvalidInput
from domain.shared.pages import PageRequest
from domain.transfers import stream
from domain.transfers.errors import ACCEPTED
from domain.transfers.model import ImportFormat, ImportRun, ImportState
from infra.settings import Settings
from infra.shared import files
from infra.shared.disk import NO_SPACE
from infra.transfers import json_walk
from infra.transfers.reasons import EMPTY_FILE, ENDS_EARLY, NO_JSON_FILE, NO_KEY, NO_OBJECT
from tests.full_disk import no_room_beyond
from tests.tracker.api.transfers.conftest import Import
from tests.tracker.api.transfers.exports import issue, lines, packed
from tests.tracker.api.world import World

ISSUES = [issue(number) for number in range(1, 4)]
GITHUB = [
    {"number": number, "html_url": f"https://github.com/acme/tool/issues/{number}", "title": "Hi", "state": "open"}
    | {"user": {"login": "ann"}, "created_at": "2020-01-01T00:00:00Z", "comments": 0}
    for number in range(1, 4)
]
SHAPES: dict[str, Callable[[list[Any]], bytes]] = {
    "lines": lambda issues: lines(*issues),
    "list": lambda issues: json.dumps(issues).encode(),
    "printed list": lambda issues: json.dumps(issues, indent=2).encode(),
    "printed answer": lambda issues: json.dumps({"total": 3, "issues": issues}, indent=1).encode(),
    "answers": lambda issues: lines({"total": 3, "issues": issues[:2]}, {"total": 3, "issues": issues[2:]}),
    "marked": lambda issues: b"\xef\xbb\xbf" + json.dumps({"issues": issues}).encode(),
    "UTF-16": lambda issues: json.dumps(issues).encode("utf-16"),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("pack", [bytes, pytest.param(packed, marks=pytest.mark.verify)])
async def test_every_shape_is_imported(imported: Import, shape: str, pack: Callable[[bytes], bytes]):
    run = await imported(pack(SHAPES[shape](ISSUES)))
    assert (run.state, run.failure, run.issues_read, run.issues_created) == (ImportState.DONE, None, 3, 3)


async def test_a_list_of_the_github_api_is_imported_and_again_as_an_archive(imported: Import):
    run = await imported(json.dumps(GITHUB).encode(), format=ImportFormat.GITHUB)
    assert (run.state, run.failure, run.issues_created) == (ImportState.DONE, None, 3)
    same = [
        {"number": each["number"], "url": each["html_url"], "title": "Hi", "state": "OPEN", "author": "ann"}
        | {"createdAt": each["created_at"], "comments": []}
        for each in GITHUB
    ]
    archive = json.dumps({"repo": "acme/tool", "issues": same, "pulls": []}).encode()
    again = await imported(archive, format=ImportFormat.GITHUB)
    assert (again.issues_created, again.issues_unchanged) == (0, 3)


@pytest.mark.parametrize("content", [b"[]", b'{"issues": []}', b'{\n"issues": [\n]}'])
async def test_an_empty_list_is_imported(imported: Import, content: bytes):
    run = await imported(content)
    assert (run.state, run.issues_read, run.progress.share) == (ImportState.DONE, 0, 1.0)


@pytest.mark.parametrize(
    "content", [b"Issue key,Summary\n", b"<rss/>", b"PK\x03\x04", b"17", packed(b"Key"), b"", b"\n"]
)
async def test_content_other_than_json_is_refused_before_storing(world: World, started: Import, content: bytes):
    before = await world.rows()
    with pytest.raises(InvalidInput, match=r"^The file (is not JSON|is empty|has no content)\."):
        await started(content)
    assert await world.rows() == before


UNREAD = "No issue in the file can be read. Line 1: "
WRONG = {
    "another tracker's list": (json.dumps(GITHUB).encode(), f"{UNREAD}{NO_KEY}"),
    "another tracker's lines": (lines(*GITHUB), f"{UNREAD}{NO_KEY}"),
    "an archive": (b'{"repo": "a/b",\n"pulls": []}', "The first object of the file is not an issue and has no list of"),
    "an answer of an error": (b'{"errorMessages": ["No project."]}', f"{UNREAD}{NO_KEY}"),
    "a list of numbers": (b"[1, 2, 3]", f"{UNREAD}{NO_OBJECT}"),
    "half of a list": (b"[{", f"The file cannot be read. Line 1: {ENDS_EARLY}"),
    "blank lines": (b"\n" * 5000, EMPTY_FILE),
    "half of a gzip": (packed(lines(*ISSUES) * 500)[:300], "The file cannot be read: the gzip data is damaged"),
}


@pytest.mark.parametrize("name", WRONG)
async def test_a_run_in_which_nothing_could_be_read_is_failed(world: World, imported: Import, name: str):
    content, reason = WRONG[name]
    run = await imported(content)
    assert (run.state, run.issues_created) == (ImportState.FAILED, 0)
    data = await world.owner.run("query ($id: ID!) { node(id: $id) { ... on ImportRun { state failure } } }", id=run.id)
    assert data["node"]["state"] == "FAILED"
    assert data["node"]["failure"].startswith(reason)
    assert data["node"]["failure"].endswith(ACCEPTED)


async def test_one_issue_that_can_be_read_is_enough(imported: Import):
    run = await imported(lines(b'{"key": "AC-1"', issue(2), b"null", b"{}"))
    assert (run.state, run.issues_read, run.issues_created) == (ImportState.DONE, 4, 1)


async def test_a_file_of_another_tracker_is_not_read_to_its_end(imported: Import, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(stream, "MOST_RECORDS", 3)
    monkeypatch.setattr("domain.transfers.service.MOST_RECORDS", 3)
    run = await imported(lines(*GITHUB * 400))
    assert (run.state, run.issues_read, run.loss_count) == (ImportState.FAILED, 0, 0)
    assert run.failure is not None
    assert run.failure.startswith(f"{UNREAD}{NO_KEY}")


async def kept(world: World, run: ImportRun) -> int:
    [page] = await world.app.read.imports.losses_of_runs(Actor.system(), [run], PageRequest(first=1))
    assert page.nodes == []
    return run.issues_created


async def test_a_file_of_too_many_lines_keeps_what_came_before(
    world: World, imported: Import, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(json_walk, "MOST_LINES", 100)
    run = await imported(lines(issue(1), issue(2)) + b"\n" * 98 + lines(issue(3)))
    assert run.state is ImportState.FAILED
    assert run.failure is not None
    assert "100 issues" in run.failure
    assert await kept(world, run) == 2


async def test_a_file_that_unpacks_to_too_much_keeps_what_came_before(
    world: World, imported: Import, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(files, "FREE_OF_RATIO", 100_000)
    run = await imported(packed(lines(issue(1), issue(2)) + b" " * 3_000_000 + lines(issue(3))))
    assert run.state is ImportState.FAILED
    assert run.failure == files.TOO_DENSE
    assert await kept(world, run) == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"Issue key,Summary\n", f"{NO_JSON_FILE} {ACCEPTED}"),
        (json.dumps(GITHUB).encode(), f"The import failed: {UNREAD}{NO_KEY} {ACCEPTED}"),
    ],
)
def test_the_command_ends_with_1_and_names_the_formats(
    world: World,
    settings: Settings,
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
    content: bytes,
    message: str,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.setattr("cli.imports.load_settings", lambda: settings)
    monkeypatch.setattr("cli.imports.set_up_logs", lambda _: None)
    file = tmp_path / "export"
    file.write_bytes(content)
    monkeypatch.setattr(
        "sys.argv", ["workgraph", "import", "jira", str(file), "--workspace", world.here.workspace.slug]
    )
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert message in "".join(capsys.readouterr())


def test_the_command_says_that_the_disk_is_full(
    world: World,
    settings: Settings,
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.setattr("cli.imports.load_settings", lambda: settings)
    monkeypatch.setattr("cli.imports.set_up_logs", lambda _: None)
    file, report = tmp_path / "export", tmp_path / "report"
    file.write_bytes(lines(*ISSUES))
    arguments = ["import", "jira", str(file), "--workspace", world.here.workspace.slug, "--report", str(report)]
    monkeypatch.setattr("sys.argv", ["workgraph", *arguments])

    for most, message in (
        (file.stat().st_size - 1, f"workgraph: {NO_SPACE}"),
        (file.stat().st_size, f"workgraph: Cannot write the report to {report}: File too large"),
    ):
        file.write_bytes(file.read_bytes())
        with no_room_beyond(most), pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 1
        assert message in capsys.readouterr().err
        assert not report.exists()
    assert list((settings.data_dir / "files").iterdir()) == []


@pytest.mark.verify
@pytest.mark.parametrize(
    ("blank", "failure", "turns"),
    [
        (b"\n", "The file has more than 5,000,000 issues and blank lines.", 5_000_000 // 131_072),
        (
            b" ",
            files.TOO_DENSE,
            9_000_000 // 131_072,
        ),
    ],
)
async def test_a_small_file_of_forty_five_million_blanks_blocks_no_other_request(
    imported: Import, blank: bytes, failure: str, turns: int
):
    counted = 0

    async def count() -> None:
        nonlocal counted
        while True:
            counted += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    run = await imported(gzip.compress(blank * 45_000_000 + lines(issue(1)), mtime=0))
    counting.cancel()

    assert (run.state, run.failure, run.issues_read) == (ImportState.FAILED, failure, 0)
    assert counted >= turns
