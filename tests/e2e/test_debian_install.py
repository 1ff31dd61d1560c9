"""Installation of programs by `make verify`, on machines simulated with a few scripts."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.e2e.debian_install import CHROMIUM, INSTALL, PGBOUNCER, UPDATE, Machine, told

UPDATED, INSTALLED = f"apt-get {' '.join(UPDATE)}", f"apt-get {' '.join(INSTALL)}"
SKIPPED = "The browser tests will be skipped, for want of a Chromium. "
NOTHING = ""
MAKES_A_BROWSER = 'case "$*" in *chromium) printf "#!/bin/sh\\n" > chromium; /bin/chmod +x chromium;; esac'
FAILS = "echo E: no such thing >&2; exit 100"
RUNS_IT = 'shift; exec "$@"'
REFUSES = "exit 1"


def machine(folder: Path, *, is_root: bool = True, system: str = "debian", **programs: str) -> Machine:
    """Machine with only the given programs, each of which records its calls."""
    for name, what in programs.items():
        script = folder / name.replace("_", "-")
        script.write_text(f'#!/bin/sh\ncd {folder}\necho "{script.name} $*" >> calls\n{what}\n')
        script.chmod(0o755)
    return Machine(system=system, is_root=is_root, path=str(folder))


def calls(folder: Path) -> Sequence[str]:
    found = folder / "calls"
    return found.read_text().splitlines() if found.exists() else ()


def test_a_browser_that_is_there_is_taken(tmp_path: Path) -> None:
    browser = tmp_path / "google-chrome"
    assert told(CHROMIUM, machine(tmp_path, google_chrome=NOTHING, apt_get=FAILS)) == f"The browser tests use {browser}"
    assert calls(tmp_path) == ()


def test_it_is_installed_as_root(tmp_path: Path) -> None:
    assert (
        told(CHROMIUM, machine(tmp_path, apt_get=MAKES_A_BROWSER)) == f"The browser tests use {tmp_path / 'chromium'}"
    )
    assert calls(tmp_path) == [UPDATED, f"{INSTALLED} chromium"]


def test_it_is_installed_where_sudo_asks_for_nothing(tmp_path: Path) -> None:
    here = machine(tmp_path, is_root=False, sudo=RUNS_IT, true=NOTHING, apt_get=MAKES_A_BROWSER)
    assert told(CHROMIUM, here) == f"The browser tests use {tmp_path / 'chromium'}"
    assert [line for line in calls(tmp_path) if line.startswith("apt-get")] == [UPDATED, f"{INSTALLED} chromium"]


@pytest.mark.parametrize(
    ("here", "why"),
    [
        ({"system": "ubuntu", "apt_get": NOTHING}, "This is not Debian: install Chromium or Chrome as is usual here."),
        ({"system": "Darwin"}, "This is not Debian: install Chromium or Chrome as is usual here."),
        ({"is_root": False, "apt_get": NOTHING}, "It takes root: apt-get install chromium"),
        ({"is_root": False, "apt_get": NOTHING, "sudo": REFUSES}, "It takes root: apt-get install chromium"),
    ],
)
def test_nothing_is_installed_where_it_is_not_allowed(tmp_path: Path, here: dict[str, str], why: str) -> None:
    assert told(CHROMIUM, machine(tmp_path, **here)) == SKIPPED + why  # type: ignore[arg-type]
    assert [line for line in calls(tmp_path) if line.startswith("apt-get")] == []


def test_a_failed_installation_gives_its_reason(tmp_path: Path) -> None:
    command = f"{tmp_path / 'apt-get'} {' '.join(UPDATE)}"
    assert told(CHROMIUM, machine(tmp_path, apt_get=FAILS)) == f"{SKIPPED}{command} failed: E: no such thing"
    no_browser = "apt-get has installed the package chromium, and no Chromium came of it."
    assert told(CHROMIUM, machine(tmp_path, apt_get=NOTHING)) == SKIPPED + no_browser


def test_pgbouncer_is_installed_in_ci_alone(tmp_path: Path) -> None:
    makes_it = 'case "$*" in *pgbouncer) printf "#!/bin/sh\\n" > pgbouncer; /bin/chmod +x pgbouncer;; esac'
    here = machine(tmp_path, apt_get=makes_it)
    skipped = "The tests of poolers will be skipped, for want of a PgBouncer. "
    assert told(PGBOUNCER, here) == f"{skipped}Its package starts a service: apt-get install pgbouncer"
    assert calls(tmp_path) == ()
    assert told(PGBOUNCER, replace(here, is_ci=True)) == f"The tests of poolers use {tmp_path / 'pgbouncer'}"
    assert calls(tmp_path) == [UPDATED, f"{INSTALLED} pgbouncer"]
