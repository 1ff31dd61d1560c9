"""Options of the API as the defaults of the settings make them, with the changes that a test needs."""

from dataclasses import replace
from typing import Any

from api.http.options import CostOptions, ExecutionOptions, ExplorerOptions, HttpOptions, QueryLimits
from api.main import http_options
from api.sockets.limits import SocketOptions
from tests.defaults import SETTINGS

_SET = http_options(SETTINGS)
_EXPLORER = ExplorerOptions(is_for_members=False, is_development=False, is_compressed=True, demo=None)


def http(**changes: Any) -> HttpOptions:
    """Options of a public server outside of development that accepts any host name and shows no costs.

    Tests see what clients of a public server see, and can compare whole answers.
    """
    usual: dict[str, Any] = {
        "version": "unknown",
        "allowed_hosts": ("*",),
        "explorer": _EXPLORER,
        "is_development": False,
        "cost": cost(),
    }
    return replace(_SET, **(usual | changes))


def limits(**changes: Any) -> QueryLimits:
    return replace(_SET.limits, **changes)


def cost(**changes: Any) -> CostOptions:
    return replace(_SET.cost, **({"is_shown": False} | changes))


def execution(**changes: Any) -> ExecutionOptions:
    return replace(_SET.execution, **changes)


def sockets(**changes: Any) -> SocketOptions:
    return replace(_SET.sockets, **changes)


def explorer(**changes: Any) -> ExplorerOptions:
    return replace(_EXPLORER, **changes)
