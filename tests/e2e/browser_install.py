"""`python -m tests.e2e.browser_install` installs Debian's Chromium if no browser is found and no password is needed.

The command never fails: without a browser, the browser tests report that they are skipped.
"""

import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from shutil import which

from tests.e2e.browser import browser_path

SECONDS = 300  # for each step
STEPS = (("update", "-qq"), ("install", "-qq", "--yes", "--no-install-recommends", "chromium"))


class CannotInstall(Exception):
    """No browser could be installed; the message gives the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Operating system (ID of os-release), whether the user is root, and the search path of programs (PATH)."""

    system: str
    is_root: bool
    path: str


def install_browser(machine: Machine) -> str:
    """Returns the path of the browser, installed if needed; raises CannotInstall."""
    found = browser_path(machine.path)
    if found is None:
        apt_get = _apt_get(machine)
        for step in STEPS:
            _run([*apt_get, *step], machine)
        found = browser_path(machine.path)
    if found is None:
        raise CannotInstall("apt-get has installed the package chromium, and no browser came of it.")
    return found


def _apt_get(machine: Machine) -> list[str]:
    found = which("apt-get", path=machine.path)
    # On other systems the package has another name, or fetches a snap.
    if machine.system != "debian" or found is None:
        raise CannotInstall("This is not Debian: install Chromium or Chrome as is usual here.")
    if machine.is_root:
        return [found]
    sudo = which("sudo", path=machine.path)
    if sudo is None or subprocess.run([sudo, "-n", "true"], check=False, capture_output=True).returncode != 0:
        raise CannotInstall("It takes root: apt-get install chromium")
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
    return Machine(system=system, is_root=os.geteuid() == 0, path=os.environ.get("PATH", os.defpath))


def told(machine: Machine) -> str:
    """Sentence that reports the result of the installation."""
    try:
        return f"The browser tests use {install_browser(machine)}"
    except CannotInstall as error:
        return f"The browser tests will be skipped, for want of a Chromium. {error}"


if __name__ == "__main__":
    sys.stdout.write(f"{told(this_machine())}\n")
