from tests.api.conftest import app, engine, world

__all__ = ["app", "engine", "world"]
