from tests.engine.infra.jobs.conftest import engine, engines, uow

__all__ = ["engine", "engines", "uow"]
