"""Arguments of pytest for `make test k=NAME`: `python -m tests.selection NAME`.

A name of a folder selects tests: `tests/NAME`, or else each `tests/*/NAME` and `tests/*/*/NAME`, such as those of a
slice in all layers. Anything else is an expression of pytest's option -k.
"""

import re
import shlex
import sys
from pathlib import Path

TESTS = Path(__file__).parent


def arguments(name: str, tests: Path = TESTS) -> list[str]:
    if not re.fullmatch(r"\w+(/\w+)*", name, re.ASCII):
        return ["-k", name]
    found = [tests / name] if (tests / name).is_dir() else [*tests.glob(f"*/{name}"), *tests.glob(f"*/*/{name}")]
    folders = sorted(path.relative_to(tests.parent).as_posix() for path in found if path.is_dir())
    return folders or ["-k", name]


if __name__ == "__main__":
    sys.stdout.write(shlex.join(arguments(sys.argv[1])))
