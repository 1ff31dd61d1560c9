import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1
POLL_SECONDS = 0.02

# Load the library before any fork: a child must not take the loader's lock between fork and exec.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def start_child(
    command: Sequence[str | Path],
    *,
    death_signal: signal.Signals,
    output: IO[bytes] | None = None,
    user: int | None = None,
    environment: Mapping[str, str] | None = None,
    pass_fds: Sequence[int] = (),
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Starts a process that gets `death_signal` when this process dies, and no Ctrl-C of its terminal.

    Call it on the main thread: Linux sends the signal when the thread that forked ends.
    """
    return subprocess.Popen(  # noqa: S603 - callers pass fixed programs
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output else None,
        env=environment,
        cwd=cwd,
        user=user,
        group=user,
        extra_groups=[] if user is not None else None,
        umask=0o077,
        start_new_session=True,
        pass_fds=pass_fds,
        # preexec_fn runs after the change of user, which would clear the death signal.
        preexec_fn=partial(die_with_parent, os.getpid(), death_signal),
    )


def die_with_parent(parent: int, death_signal: signal.Signals) -> None:
    """Requests `death_signal` from the kernel for when `parent` ends; exits if it has ended already."""
    if _libc is None:
        return
    _libc.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def stop_child(child: subprocess.Popen[bytes], *, by: signal.Signals, seconds: float) -> int:
    """Asks the child to end, kills it after `seconds`, and returns its exit code."""
    if child.poll() is None:
        child.send_signal(by)
    try:
        return child.wait(seconds)
    except subprocess.TimeoutExpired:
        child.kill()
        return child.wait()


def command_line(pid: int) -> tuple[str, ...]:
    """The arguments of a running process, empty when there is none or it is a zombie."""
    if Path("/proc/self/cmdline").exists():
        try:
            raw = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return ()
        return tuple(raw.decode(errors="replace").rstrip("\0").split("\0")) if raw else ()
    listing = subprocess.run(  # noqa: S603
        ["/bin/ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return tuple(listing.stdout.split())


def stop_leftover(pid: int, marker: str, *, signals: Sequence[signal.Signals], seconds: float) -> None:
    """Ends a process that outlived its parent, if `marker` is among its arguments; each signal gets `seconds`."""

    def is_ours() -> bool:
        return marker in command_line(pid)

    for each in signals:
        if not is_ours():
            return
        os.kill(pid, each)
        wait_until(lambda: not is_ours(), seconds=seconds)
    if is_ours():
        raise RuntimeError(f"Process {pid} of an earlier run does not end; stop it and start again.")


def wait_until(condition: Callable[[], bool], *, seconds: float) -> bool:
    """Polls until the condition is true; False after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True
