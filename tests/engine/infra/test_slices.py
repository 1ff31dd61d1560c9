import pytest

from domain.documents import slice as documents
from domain.shared.slices import Unregistered
from domain.workspaces import slice as workspaces
from infra.documents.tables import TrustedDocumentRow
from infra.parts import SliceAdapters
from infra.slices import PLATFORM, handlers_of
from tests.sample.application import ADAPTERS_OF_SAMPLE
from tests.sample.domain.jobs import AnnounceBook


def test_a_forgotten_table_is_named() -> None:
    with pytest.raises(Unregistered, match=r"infra/documents/slice\.py: enter TrustedDocumentRow in `tables`"):
        SliceAdapters(domain=documents.SLICE)
    assert SliceAdapters(domain=documents.SLICE, tables=(TrustedDocumentRow,))


def test_a_forgotten_job_is_named() -> None:
    tables = next(each.tables for each in PLATFORM if each.domain is workspaces.SLICE)
    with pytest.raises(Unregistered, match=r"infra/workspaces/slice\.py: enter Send\w+ in `jobs`"):
        SliceAdapters(domain=workspaces.SLICE, tables=tables)


def test_two_slices_cannot_have_the_same_kind_of_job() -> None:
    assert handlers_of(ADAPTERS_OF_SAMPLE).keys() == {*handlers_of(PLATFORM), AnnounceBook}
    with pytest.raises(Unregistered, match="kind of job"):
        handlers_of([*PLATFORM, *PLATFORM])
