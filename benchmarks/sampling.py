"""Statistical profile of a server: `python sampling.py FILE MODULE ARGUMENT...` runs the module and samples its stack.

Each millisecond of processor time, the file whose code runs is counted. SIGUSR1 writes the counts to FILE as JSON and
begins anew. This module imports nothing of the project, because it also runs servers of earlier commits.
"""

import json
import os
import runpy
import signal
import sys
import sysconfig
from collections import Counter
from pathlib import Path
from types import FrameType

INTERVAL = 0.001  # seconds of processor time
LIBRARY = sysconfig.get_path("stdlib") + os.sep
PACKAGES = f"{os.sep}site-packages{os.sep}"
LOOP = f"{os.sep}asyncio{os.sep}"


def place_of(frame: FrameType | None) -> str:
    """File that a sample counts for: the innermost one outside of the standard library, or asyncio's."""
    name = ""
    while frame is not None:
        name = frame.f_code.co_filename
        is_library = name.startswith((LIBRARY, "<frozen")) and PACKAGES not in name
        if not is_library or LOOP in name:
            return name
        frame = frame.f_back
    return name


def main() -> None:
    target, module, *arguments = sys.argv[1:]
    counts: Counter[str] = Counter()

    def sample(_: int, frame: FrameType | None) -> None:
        counts[place_of(frame)] += 1

    def write(_: int, __: FrameType | None) -> None:
        written = Path(f"{target}.new")
        written.write_text(json.dumps(counts))
        written.replace(target)
        counts.clear()

    signal.signal(signal.SIGPROF, sample)
    signal.signal(signal.SIGUSR1, write)
    signal.setitimer(signal.ITIMER_PROF, INTERVAL, INTERVAL)
    sys.path[0] = ""  # the folder of this file has modules that would hide others
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
