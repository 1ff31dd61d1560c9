import pytest

from domain.labels import slice as labels
from domain.shared.slices import Unregistered
from domain.workspaces import slice as workspaces
from infra.labels.tables import LabelRow
from infra.parts import SliceAdapters
from infra.slices import HANDLERS, PLATFORM, TRACKER, handlers_of


def test_a_forgotten_table_is_named() -> None:
    with pytest.raises(Unregistered, match=r"infra/labels/slice\.py: enter LabelRow in `tables`"):
        SliceAdapters(domain=labels.SLICE)
    assert SliceAdapters(domain=labels.SLICE, tables=(LabelRow,))


def test_a_forgotten_job_is_named() -> None:
    tables = next(each.tables for each in PLATFORM if each.domain is workspaces.SLICE)
    with pytest.raises(Unregistered, match=r"infra/workspaces/slice\.py: enter Send\w+ in `jobs`"):
        SliceAdapters(domain=workspaces.SLICE, tables=tables)


def test_two_slices_cannot_have_the_same_kind_of_job() -> None:
    assert handlers_of((*PLATFORM, *TRACKER)).keys() == HANDLERS.keys()
    with pytest.raises(Unregistered, match="kind of job"):
        handlers_of([*PLATFORM, *PLATFORM])
