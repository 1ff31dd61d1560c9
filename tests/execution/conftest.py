from tests.api.conftest import app, data_dir, engine, world

__all__ = ["app", "data_dir", "engine", "world"]
