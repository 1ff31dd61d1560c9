from tests.tracker.api.conftest import app, data_dir, engine, world, worlds

__all__ = ["app", "data_dir", "engine", "world", "worlds"]
