"""Program of `benchmarks/commits.py`: writers that commit updates of issues in one process.

It is run as a script with the packages of any commit of this project on its path, so it imports only what all have. The
argument has the account, workspace and issue of each writer as JSON. Each line of the input is a number of seconds, and
each line of the output has the commits of these seconds and the CPU seconds of this process.
"""

import asyncio
import json
import sys
import time

import uvloop

from domain.app import App
from domain.issues.commands import IssueChanges
from domain.shared.actor import Actor, Role
from infra.bootstrap import open_app
from infra.settings import load_settings


async def _write(app: App, actor: Actor, issue_id: str, end: float) -> int:
    """Changes the title of the issue again and again; returns the number of commits."""
    commits = 0
    while time.monotonic() < end:
        await app.issues.update(actor, issue_id, IssueChanges(title=f"Title {time.monotonic_ns()}"))
        commits += 1
    return commits


async def main() -> None:
    writers = [
        (Actor(user_id=user_id, roles={workspace_id: Role.OWNER}), issue_id)
        for user_id, workspace_id, issue_id in json.loads(sys.argv[1])
    ]
    async with open_app(load_settings()) as app:
        for line in iter(sys.stdin.readline, ""):
            since, end = time.process_time(), time.monotonic() + float(line)
            counts = await asyncio.gather(*(_write(app, actor, issue_id, end) for actor, issue_id in writers))
            print(json.dumps({"commits": sum(counts), "cpu": time.process_time() - since}), flush=True)


if __name__ == "__main__":
    uvloop.run(main())
