from tests.sample.fixtures import app, database_url, empty_tables, engine, world

__all__ = ["app", "database_url", "empty_tables", "engine", "world"]
