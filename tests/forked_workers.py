"""Workers that are forked from a process with all imports, so that a killed one is followed by another at once.

Each line of the input is a command: `start` forks a worker, and `kill` ends it as the kernel does.
"""

import os
import signal
import sys

import infra.bootstrap  # noqa: F401  imported before the workers are forked
from cli.worker import work

if __name__ == "__main__":
    worker = 0
    for line in sys.stdin:
        if line.strip() == "start":
            worker = os.fork()
            if worker == 0:
                work()
                os._exit(1)
        else:
            os.kill(worker, signal.SIGKILL)
            os.waitpid(worker, 0)
        sys.stdout.write("done\n")
        sys.stdout.flush()
