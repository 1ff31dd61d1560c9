"""Options as the defaults of the settings make them, with the changes that a test needs."""

from dataclasses import replace
from typing import Any

from domain.accounts.passwords import PasswordRules
from domain.auth.model import AuthOptions
from infra.auth.slice import auth_options
from infra.bootstrap import time_options
from infra.db.engine import EngineOptions, engine_options
from infra.jobs.runner import RunnerOptions
from infra.jobs.worker import runner_options
from infra.limits.time_budget import TimeOptions
from infra.settings import Settings

SETTINGS = Settings.model_construct()
"""The defaults alone, whatever the environment of the tests sets."""

SHORTEST = SETTINGS.password_characters


def engine(**changes: Any) -> EngineOptions:
    """Options of the database; `pool_size` is that of both pools."""
    pools = {"write_pool_size": changes["pool_size"]} if "pool_size" in changes else {}
    return replace(engine_options(SETTINGS), **pools, **changes)


def auth(**changes: Any) -> AuthOptions:
    return replace(auth_options(SETTINGS), **changes)


def runner(**changes: Any) -> RunnerOptions:
    return replace(runner_options(SETTINGS), **changes)


def time(**changes: Any) -> TimeOptions:
    return replace(time_options(SETTINGS), **changes)


def password_rules(**changes: Any) -> PasswordRules:
    return PasswordRules(**({"shortest": SHORTEST, "common": frozenset()} | changes))
