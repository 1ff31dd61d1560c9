import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from hashlib import sha256

from domain.accounts.model import UserId
from domain.projects.model import KEY, KEY_RULE
from domain.shared.actor import SCOPES, Actor, Cause, Permission
from domain.shared.checks import Checks
from domain.shared.clock import Clock
from domain.shared.errors import Conflict, InvalidInput, NotFound, Rejected
from domain.shared.files import BrokenFile, FileStore
from domain.shared.ids import IdFactory, check_id
from domain.shared.jobs import Progress
from domain.shared.pages import Page, PageRequest
from domain.shared.uow import ClaimLost, OpenUow, Written
from domain.transfers.batch import Batch
from domain.transfers.commands import ImportDraft
from domain.transfers.formats import ITEM_PER_LINE, READERS
from domain.transfers.jobs import RunImport
from domain.transfers.model import (
    SITE,
    SITE_RULE,
    ImportLoss,
    ImportMapping,
    ImportRun,
    ImportRunId,
    ImportState,
    LossKind,
    Upload,
    UploadId,
)
from domain.transfers.parents import write_parents
from domain.transfers.ports import ImportReader, ImportUow, Unstorable
from domain.transfers.records import Loss, LossCode
from domain.transfers.stream import Item, RecordStream
from domain.transfers.tally import Tally
from domain.workspaces.model import Workspace

PARENTS_AT_ONCE = 500
LARGEST_FILE = 1 << 40  # bytes, for whoever has the machine anyway


class ImportService:
    """Imports run as jobs, one Unit of Work per batch; what a run's row says of its position is the checkpoint."""

    def __init__(
        self,
        uow: OpenUow[ImportUow],
        read: ImportReader,
        files: FileStore,
        clock: Clock,
        ids: IdFactory,
        *,
        most_bytes: int,
    ) -> None:
        self._uow = uow
        self._read = read
        self._files = files
        self._clock = clock
        self._ids = ids
        self._most_bytes = most_bytes

    async def by_ids(self, actor: Actor, ids: Sequence[str]) -> dict[str, ImportRun]:
        return await self._read.by_ids(actor, ids)

    async def of_workspaces(
        self, actor: Actor, workspaces: Sequence[Workspace], request: PageRequest
    ) -> Sequence[Page[ImportRun]]:
        return await self._read.of_workspaces(actor, [workspace.id for workspace in workspaces], request)

    async def losses_of(
        self, actor: Actor, runs: Sequence[ImportRun], request: PageRequest
    ) -> Sequence[Page[ImportLoss]]:
        return await self._read.losses_of([run.id for run in runs], request)

    async def loss_kinds_of(self, actor: Actor, runs: Sequence[ImportRun]) -> Sequence[Sequence[LossKind]]:
        return await self._read.loss_kinds_of([run.id for run in runs])

    async def mappings_of(
        self, actor: Actor, runs: Sequence[ImportRun], request: PageRequest
    ) -> Sequence[Page[ImportMapping]]:
        return await self._read.mappings_of([run.id for run in runs], request)

    async def on_behalf(self, actor: Actor, workspace: Workspace, email: str | None) -> Actor:
        """The operator's actor, signed by a member: the one with that address, or the first owner."""
        user_id = await self._read.importer_id(workspace.id, email)
        if user_id is None:
            raise NotFound(f"No member of {workspace.slug} has this address." if email else "There is no owner.")
        return actor.acting_for(user_id)

    async def upload(self, actor: Actor, name: str, chunks: AsyncIterator[bytes]) -> Written[Upload]:
        """Stores a file for an import; raises LimitExceeded if it is too large, unless an operator acts."""
        owner_id = UserId(actor.signed_in_id)
        actor.require_scope(SCOPES[Permission.IMPORT])
        with Checks() as check:
            name = check.line("name", name)
        file_id = UploadId(self._ids.new(Upload.prefix))
        digest = sha256()

        async def hashed() -> AsyncIterator[bytes]:
            async for chunk in chunks:
                digest.update(chunk)
                yield chunk

        size = await self._files.save(
            file_id, hashed(), most_bytes=LARGEST_FILE if actor.is_system else self._most_bytes
        )
        now = self._clock.now()
        upload = Upload(id=file_id, owner_id=owner_id, name=name, size=size, digest=digest.hexdigest(), created_at=now)
        async with self._uow(actor) as uow:
            await uow.uploads.add(upload)
            return await uow.commit(upload)

    async def start(self, actor: Actor, draft: ImportDraft) -> Written[ImportRun]:
        """A new run and its job; or the run of the same file into the same place that is not over yet."""
        async with self._uow(actor) as uow:
            workspace = await uow.workspaces.get(actor, draft.workspace_id, path=("workspace_id",))
            actor.require(Permission.IMPORT, workspace.id)
            if draft.include_restricted:
                actor.require(Permission.IMPORT_RESTRICTED, workspace.id)
            with Checks() as check:
                if draft.project_key is not None:
                    check.matches("project_key", draft.project_key, KEY, KEY_RULE)
                site = draft.site.lower() if draft.site is not None else None
                if site is not None:
                    check.matches("site", site, SITE, SITE_RULE)
            draft = replace(draft, site=site)
            check_id(draft.file_id, Upload.prefix, ("file_id",))
            upload = await uow.uploads.owned(actor.signed_in_id, draft.file_id)
            run = await uow.import_runs.unfinished(draft, upload.digest)
            if run is None:
                run = await self._begun(uow, actor, workspace, upload, draft)
                await uow.import_runs.add(run)
                return await uow.commit(run)
            job_id = run.job_id
            if not await uow.import_runs.has_open_job(run):
                job_id = uow.enqueue(RunImport(run_id=run.id), workspace_id=workspace.id)
            # The file is the same: the newer copy is sure to be there.
            revived = replace(run, job_id=job_id, upload_id=upload.id)
            await uow.import_runs.save(run, revived)
            written = await uow.commit(revived)
        if run.upload_id != upload.id:
            await self._files.delete(run.upload_id)
        return written

    async def run(self, actor: Actor, job: RunImport) -> None:
        """Raises Unavailable when the database is away, ClaimLost when somebody else goes on with it."""
        try:
            run = await self._opened(actor, job)
        except NotFound:
            return
        if run.is_over:
            return
        acting = replace(actor.acting_for(run.started_by_id), cause=Cause.IMPORT)
        try:
            await self._import(acting, run)
            finished = await self._finish(acting, run.id, ImportState.DONE)
        except (NotFound, Conflict, InvalidInput, Rejected) as error:
            finished = await self._finish(acting, run.id, ImportState.FAILED, failure=str(error))
        await self._files.delete(finished.upload_id)

    async def _begun(
        self, uow: ImportUow, actor: Actor, workspace: Workspace, upload: Upload, draft: ImportDraft
    ) -> ImportRun:
        run_id = ImportRunId(self._ids.new(ImportRun.prefix))
        key = draft.project_key
        return ImportRun.begun(
            upload,
            id=run_id,
            workspace=workspace,
            format=draft.format,
            project_key=key,
            project_id=await uow.identities.project_id(workspace.id, key) if key is not None else None,
            site=draft.site,
            include_restricted=draft.include_restricted,
            job_id=uow.enqueue(RunImport(run_id=run_id), workspace_id=workspace.id),
            started_by_id=UserId(actor.signed_in_id),
            now=self._clock.now(),
        )

    async def _opened(self, actor: Actor, job: RunImport) -> ImportRun:
        async with self._uow(actor) as uow:
            return await uow.import_runs.get(actor, job.run_id)

    async def _import(self, actor: Actor, run: ImportRun) -> None:
        total = run.total
        if total is None and run.format in ITEM_PER_LINE:
            total = await asyncio.to_thread(self._count, run.upload_id)
        lines = self._files.lines(run.upload_id)
        items = READERS[run.format](lines, skip=run.position, include_restricted=run.include_restricted)
        stream = RecordStream(items)
        position = run.position
        async with aclosing(stream.batches()) as batches:
            async for batch in batches:
                await self._write(actor, run.id, batch, position=position, total=total)
                position += len(batch)
        while await self._write_parents(actor, run.id):
            continue

    def _count(self, upload_id: str) -> int:
        """The file's items; of one that breaks off, those before."""
        count = 0
        with suppress(BrokenFile):
            for line in self._files.lines(upload_id):
                count += not line.isspace()
        return count

    async def _write(
        self, actor: Actor, run_id: str, items: Sequence[Item], *, position: int, total: int | None
    ) -> None:
        """One batch; if the database refuses it, its halves, so that one bad record stops no other."""
        try:
            await self._write_whole(actor, run_id, items, position=position, total=total)
        except Unstorable:
            if len(items) == 1:
                refused = [_refused(items[0])]
                await self._write_whole(actor, run_id, refused, position=position, total=total)
                return
            half = len(items) // 2
            await self._write(actor, run_id, items[:half], position=position, total=total)
            await self._write(actor, run_id, items[half:], position=position + half, total=total)

    async def _write_whole(
        self, actor: Actor, run_id: str, items: Sequence[Item], *, position: int, total: int | None
    ) -> None:
        async with self._uow(actor) as uow:
            run = await uow.import_runs.get(actor, run_id, for_update=True)
            if run.position != position or run.is_over:
                raise ClaimLost(run.job_id)
            workspace = await uow.workspaces.get(actor, run.workspace_id)
            now = self._clock.now()
            batch = Batch(uow, run, workspace, ids=self._ids, now=now)
            await batch.write(items)
            advanced = run.advanced(batch.tally.counts, items=len(items), now=now)
            after = replace(advanced, total=total, site_id=batch.site_id, project_id=batch.project_id)
            await self._store(uow, run, after, batch.tally)
            await uow.commit(None)

    async def _write_parents(self, actor: Actor, run_id: str) -> bool:
        """Some of the parents that were put aside; False when there were none left."""
        async with self._uow(actor) as uow:
            run = await uow.import_runs.get(actor, run_id, for_update=True)
            named = await uow.imports.take_parents(run_id, most=PARENTS_AT_ONCE)
            if not named:
                return False
            tally = Tally()
            await write_parents(uow, run, tally, named)
            await self._store(uow, run, run.advanced(tally.counts, items=0, now=self._clock.now()), tally)
            await uow.commit(None)
            return True

    async def _store(self, uow: ImportUow, before: ImportRun, after: ImportRun, tally: Tally) -> None:
        losses, mappings = tally.report(self._ids)
        await uow.import_report.add(after.id, losses, mappings, tally.unused)
        await uow.import_runs.save(before, after)
        uow.checkpoint({"position": after.position}, progress=Progress(done=after.position, total=after.total))

    async def _finish(self, actor: Actor, run_id: str, state: ImportState, *, failure: str | None = None) -> ImportRun:
        """Ends the run, and with it the job."""
        async with self._uow(actor) as uow:
            run = await uow.import_runs.get(actor, run_id, for_update=True)
            ended = run.ended(state, now=self._clock.now(), failure=failure)
            if state is ImportState.DONE:
                ended = replace(ended, total=ended.position)
            await uow.import_runs.save(run, ended)
            await uow.uploads.forget(run.upload_id)
            await uow.commit(None)
            return ended


def _refused(item: Item) -> Loss:
    key = None if isinstance(item, Loss) else item.external_key
    reason = "The database refuses a value of this issue; the whole issue is missing."
    return Loss(line=item.line, key=key, field="issue", code=LossCode.UNREADABLE, reason=reason)
