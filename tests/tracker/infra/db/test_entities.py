from typing import Any

import pytest

from domain.comments.model import Comment
from domain.issues.model import Issue
from domain.labels.model import Label
from domain.milestones.model import Milestone
from domain.projects.model import Project, State
from domain.transfers.model import ImportLoss, ImportMapping, ImportRun, LossKind
from tests.engine.infra.db.built_entities import require_equal

ENTITIES: list[type[Any]] = [
    Comment,
    Issue,
    Label,
    Milestone,
    Project,
    State,
    ImportRun,
    ImportLoss,
    LossKind,
    ImportMapping,
]


@pytest.mark.parametrize("entity", ENTITIES)
@pytest.mark.parametrize("start", [0, 3])
def test_built_entities_equal_constructed_ones(entity: type[Any], start: int):
    require_equal(entity, start=start)
