"""The slices of `infra`, in an order in which each follows the slices that it builds on."""

from collections.abc import Iterable, Mapping

from domain.shared.jobs import Job
from domain.shared.slices import once
from infra.accounts.slice import SLICE as ACCOUNTS
from infra.audit.slice import SLICE as AUDIT
from infra.auth.slice import SLICE as AUTH
from infra.batches.slice import SLICE as BATCHES
from infra.comments.slice import SLICE as COMMENTS
from infra.documents.slice import SLICE as DOCUMENTS
from infra.issues.slice import SLICE as ISSUES
from infra.labels.slice import SLICE as LABELS
from infra.milestones.slice import SLICE as MILESTONES
from infra.parts import JobHandler, SliceAdapters
from infra.projects.slice import SLICE as PROJECTS
from infra.seed.slice import SLICE as SEED
from infra.transfers.slice import SLICE as TRANSFERS
from infra.undo.slice import SLICE as UNDO
from infra.workspaces.slice import SLICE as WORKSPACES

PLATFORM = (DOCUMENTS, ACCOUNTS, AUTH, WORKSPACES, AUDIT, BATCHES, UNDO)
TRACKER = (LABELS, PROJECTS, MILESTONES, ISSUES, COMMENTS, SEED, TRANSFERS)


def handlers_of(slices: Iterable[SliceAdapters]) -> Mapping[type[Job], JobHandler]:
    """Handlers of the worker by job type; raises Unregistered if two slices share a kind of job."""
    found = [(job, handler) for each in slices for job, handler in each.jobs.items()]
    once((job.kind for job, _ in found), what="the kind of job")
    return dict(found)


HANDLERS = handlers_of((*PLATFORM, *TRACKER))
