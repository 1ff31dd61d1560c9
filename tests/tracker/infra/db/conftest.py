from tests.engine.infra.db.conftest import crowd, engine, reads

__all__ = ["crowd", "engine", "reads"]
