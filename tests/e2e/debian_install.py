"""`python -m tests.e2e.debian_install` installs Debian's Chromium and PgBouncer if they are missing and no password is
needed.

The command never fails: tests without their program report that they are skipped. PgBouncer's package starts a service,
so it is installed only where the environment has CI, as in `.ci/run`.
"""

import os
import platform
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from shutil import which

from tests.e2e.browser import browser_path
from tests.e2e.pgbouncer import pgbouncer_path

SECONDS = 300  # for each step
UPDATE = ("update", "-qq")
INSTALL = ("install", "-qq", "--yes", "--no-install-recommends")


class CannotInstall(Exception):
    """The program could not be installed; the message gives the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Operating system (ID of os-release), whether the user is root, and the search path of programs (PATH)."""

    system: str
    is_root: bool
    path: str
    is_ci: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A Debian package, the tests that need it, and what finds its program on a search path."""

    package: str
    name: str
    tests: str
    find: Callable[[str], str | None]
    advice: str
    is_for_ci_only: bool = False


CHROMIUM = Wanted(
    package="chromium",
    name="Chromium",
    tests="browser tests",
    find=browser_path,
    advice="install Chromium or Chrome as is usual here.",
)
PGBOUNCER = Wanted(
    package="pgbouncer",
    name="PgBouncer",
    tests="tests of poolers",
    find=pgbouncer_path,
    advice="install PgBouncer as is usual here.",
    is_for_ci_only=True,
)


def install(wanted: Wanted, machine: Machine) -> str:
    """Returns the path of the program, installed if needed; raises CannotInstall."""
    found = wanted.find(machine.path)
    if found is None:
        apt_get = _apt_get(wanted, machine)
        for step in (UPDATE, (*INSTALL, wanted.package)):
            _run([*apt_get, *step], machine)
        found = wanted.find(machine.path)
    if found is None:
        raise CannotInstall(f"apt-get has installed the package {wanted.package}, and no {wanted.name} came of it.")
    return found


def _apt_get(wanted: Wanted, machine: Machine) -> list[str]:
    found = which("apt-get", path=machine.path)
    # On other systems the package has another name, or fetches a snap.
    if machine.system != "debian" or found is None:
        raise CannotInstall(f"This is not Debian: {wanted.advice}")
    if wanted.is_for_ci_only and not machine.is_ci:
        raise CannotInstall(f"Its package starts a service: apt-get install {wanted.package}")
    if machine.is_root:
        return [found]
    sudo = which("sudo", path=machine.path)
    if sudo is None or subprocess.run([sudo, "-n", "true"], check=False, capture_output=True).returncode != 0:
        raise CannotInstall(f"It takes root: apt-get install {wanted.package}")
    return [sudo, "-n", found]


def _run(command: Sequence[str], machine: Machine) -> None:
    environment = {**os.environ, "PATH": machine.path, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        subprocess.run(command, check=True, timeout=SECONDS, capture_output=True, text=True, env=environment)
    except subprocess.CalledProcessError as error:
        raise CannotInstall(f"{' '.join(command)} failed: {error.stderr.strip()}") from error
    except subprocess.TimeoutExpired as error:
        raise CannotInstall(f"{' '.join(command)} took longer than {SECONDS} seconds.") from error


def this_machine() -> Machine:
    try:
        system = platform.freedesktop_os_release()["ID"]
    except OSError:  # it has no such file
        system = platform.system()
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"  # Debian keeps pgbouncer there
    return Machine(system=system, is_root=os.geteuid() == 0, path=path, is_ci="CI" in os.environ)


def told(wanted: Wanted, machine: Machine) -> str:
    """Sentence that reports the result of the installation."""
    try:
        return f"The {wanted.tests} use {install(wanted, machine)}"
    except CannotInstall as error:
        return f"The {wanted.tests} will be skipped, for want of a {wanted.name}. {error}"


if __name__ == "__main__":
    for each in (CHROMIUM, PGBOUNCER):
        sys.stdout.write(f"{told(each, this_machine())}\n")
