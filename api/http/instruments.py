"""Middleware and tools besides those of this project, which `DirectGraphQL` would leave out of requests."""

from collections.abc import Callable, Sequence
from types import FunctionType, MethodType
from typing import Any

import fastapi.applications
import starlette.applications
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware

_ORIGINAL = {fastapi.applications.__file__, starlette.applications.__file__}


def takes_part(app: FastAPI, layers: Sequence[Middleware]) -> bool:
    """Whether the application has middleware besides `layers`, or a tool has replaced what it calls for each request.

    Tools for traces, metrics and errors wrap these methods, in the class or in one application.
    """
    called: tuple[Callable[..., Any], ...] = (
        FastAPI.__call__,
        FastAPI.build_middleware_stack,
        Starlette.__call__,
        app.build_middleware_stack,
    )
    return app.user_middleware != list(layers) or any(_is_replaced(method) for method in called)


def _is_replaced(method: Callable[..., Any]) -> bool:
    function = method.__func__ if type(method) is MethodType else method
    # A wrapper may pose as a function, with the code of the function that it wraps.
    return type(function) is not FunctionType or function.__code__.co_filename not in _ORIGINAL
