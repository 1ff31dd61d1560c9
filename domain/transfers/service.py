from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, closing
from dataclasses import replace
from hashlib import sha256

from domain.accounts.model import UserId
from domain.batches.events import BatchStarted
from domain.projects.model import KEY, KEY_RULE
from domain.shared.actor import Actor, Cause
from domain.shared.checks import Checks
from domain.shared.errors import Conflict, InvalidInput, NotFound, Rejected
from domain.shared.files import FileStore, StoredFile
from domain.shared.ids import IdFactory, check_id
from domain.shared.uow import LeaseLost, OpenUow, Written
from domain.transfers.batch import Batch
from domain.transfers.commands import ImportDraft
from domain.transfers.errors import ACCEPTED, WrongKind
from domain.transfers.jobs import RunImport
from domain.transfers.model import (
    SITE,
    SITE_RULE,
    ImportFormat,
    ImportRun,
    ImportRunId,
    ImportState,
    Upload,
    UploadId,
)
from domain.transfers.parents import write_parents
from domain.transfers.ports import ContentCheck, FileFormat, ImporterReader, ImportReader, ImportUow, Unstorable
from domain.transfers.records import WHOLE, Item, Loss, LossCode
from domain.transfers.slice import IMPORT, IMPORT_RESTRICTED
from domain.transfers.stream import MOST_RECORDS, RecordStream, Taken
from domain.transfers.tally import Tally
from domain.workspaces.model import Workspace

PARENTS_AT_ONCE = 500
UNREADABLE = frozenset((LossCode.UNREADABLE, LossCode.MISSING))
LARGEST_FILE = 1 << 40  # bytes, for the server operator, who controls the disk anyway


class ImportService:
    """Runs imports as jobs with one Unit of Work per batch. The position in the run's row is the checkpoint."""

    def __init__(
        self,
        uow: OpenUow[ImportUow],
        imports: ImportReader,
        importers: ImporterReader,
        files: FileStore,
        formats: Mapping[ImportFormat, FileFormat],
        check_content: ContentCheck,
        ids: IdFactory,
        *,
        most_bytes: int,
    ) -> None:
        self._uow = uow
        self._imports = imports
        self._importers = importers
        self._files = files
        self._formats = formats
        self._check_content = check_content
        self._ids = ids
        self._most_bytes = most_bytes

    async def on_behalf(self, actor: Actor, workspace: Workspace, email: str | None) -> Actor:
        """The operator's actor on behalf of the member with the address, or of the first owner without one."""
        user_id = await self._importers.importer_id(workspace.id, email)
        if user_id is None:
            raise NotFound(
                f"No member of the workspace {workspace.slug} has this email address."
                if email
                else f"The workspace {workspace.slug} has no owner with an account."
            )
        return actor.acting_for(user_id)

    async def upload(self, actor: Actor, name: str, chunks: AsyncIterator[bytes]) -> Written[Upload]:
        """Stores a file for an import.

        Raises WrongKind if it cannot be one, and LimitExceeded if it is too large, unless an operator acts.
        """
        owner_id = UserId(actor.signed_in_id)
        actor.require_scope(IMPORT.scope)
        with Checks() as check:
            name = check.line("name", name)
        file_id = UploadId(self._ids.new(Upload.prefix))
        digest = sha256()

        async def hashed() -> AsyncIterator[bytes]:
            async for chunk in self._check_content(chunks):
                digest.update(chunk)
                yield chunk

        size = await self._files.save(
            file_id, hashed(), most_bytes=LARGEST_FILE if actor.is_system else self._most_bytes
        )
        try:
            async with self._uow(actor) as uow:
                upload = Upload(
                    id=file_id,
                    owner_id=owner_id,
                    name=name,
                    size=size,
                    digest=digest.hexdigest(),
                    created_at=uow.now,
                )
                await uow.uploads.add(upload)
                return await uow.commit(upload)
        except BaseException:
            # Without its row the file could not be found again.
            await self._files.delete(file_id)
            raise

    async def start(self, actor: Actor, draft: ImportDraft) -> Written[ImportRun]:
        """Starts a run and its job, or returns the unfinished run of an identical file and options."""
        async with self._uow(actor) as uow:
            workspace = await uow.workspaces.get(actor, draft.workspace_id, path=("workspace_id",))
            actor.require(IMPORT, workspace.id)
            if draft.include_restricted:
                actor.require(IMPORT_RESTRICTED, workspace.id)
            with Checks() as check:
                if draft.project_key is not None:
                    check.matches("project_key", draft.project_key, KEY, KEY_RULE)
                site = draft.site.lower() if draft.site is not None else None
                if site is not None:
                    check.matches("site", site, SITE, SITE_RULE)
            draft = replace(draft, site=site)
            check_id(draft.file_id, Upload.prefix, ("file_id",), noun="file")
            upload = await uow.uploads.owned(actor.signed_in_id, draft.file_id)
            run = await uow.import_runs.unfinished(draft, upload.digest)
            if run is None:
                run = await self._begun(uow, actor, workspace, upload, draft)
                uow.start(run, _started(run), uow.import_runs.add)
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
        """Runs the import; raises Unavailable without the database, LeaseLost when another worker has taken over."""
        try:
            run = await self._opened(actor, job)
        except NotFound:
            return
        if run.is_over:
            return
        acting = actor.continuing(started_by_id=run.started_by_id, change_set=run.change_set)
        acting = replace(acting, cause=Cause.IMPORT)
        try:
            await self._import(acting, run)
            await self._check_readable(acting, run.id)
            finished = await self._finish(acting, run.id, ImportState.DONE)
        except (NotFound, Conflict, InvalidInput, Rejected) as error:
            finished = await self._finish(acting, run.id, ImportState.FAILED, failure=str(error))
        await self._files.delete(finished.upload_id)

    async def _begun(
        self, uow: ImportUow, actor: Actor, workspace: Workspace, upload: Upload, draft: ImportDraft
    ) -> ImportRun:
        run_id = ImportRunId(self._ids.new_in(workspace.id, ImportRun.prefix))
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
            now=uow.now,
        )

    async def _opened(self, actor: Actor, job: RunImport) -> ImportRun:
        async with self._uow(actor) as uow:
            return await uow.import_runs.get(actor, job.run_id)

    async def _import(self, actor: Actor, run: ImportRun) -> None:
        with closing(self._files.open(run.upload_id)) as file:
            await self._import_records(actor, run, file)
        while await self._write_parents(actor, run.id):
            continue

    async def _import_records(self, actor: Actor, run: ImportRun, file: StoredFile) -> None:
        items = self._formats[run.format](file, skip=run.position, include_restricted=run.include_restricted)
        position = run.position
        async with aclosing(RecordStream(items, file).batches()) as batches:
            async for taken in batches:
                if not position and len(taken.items) >= MOST_RECORDS and all(map(_is_unreadable, taken.items)):
                    first = taken.items[0]
                    raise _nothing_readable(first.line, first.reason if isinstance(first, Loss) else "")
                await self._write(actor, run.id, taken, position=position)
                position += len(taken.items)

    async def _check_readable(self, actor: Actor, run_id: str) -> None:
        """Raises WrongKind if the file has issues and none of them could be read."""
        run = (await self._imports.by_ids(actor, [run_id]))[run_id]
        [kinds] = await self._imports.loss_kinds_of_runs(actor, [run])
        unread = [kind for kind in kinds if kind.field == WHOLE and kind.code in UNREADABLE]
        if unread and sum(kind.places for kind in unread) == run.issues_read:
            first = min(unread, key=lambda kind: kind.first_line)
            raise _nothing_readable(first.first_line, first.first_reason)

    async def _write(self, actor: Actor, run_id: str, taken: Taken, *, position: int) -> None:
        """Writes one batch; if the database refuses it, writes its halves, so that one bad record stops no other."""
        items = taken.items
        try:
            await self._write_whole(actor, run_id, taken, position=position)
        except Unstorable:
            if len(items) == 1:
                await self._write_whole(actor, run_id, replace(taken, items=[_refused(items[0])]), position=position)
                return
            half = len(items) // 2
            await self._write(actor, run_id, replace(taken, items=items[:half]), position=position)
            await self._write(actor, run_id, replace(taken, items=items[half:]), position=position + half)

    async def _write_whole(self, actor: Actor, run_id: str, taken: Taken, *, position: int) -> None:
        async with self._uow(actor) as uow:
            run = await uow.import_runs.get(actor, run_id, for_update=True)
            if run.position != position or run.is_over:
                raise LeaseLost(run.job_id)
            workspace = await uow.workspaces.get(actor, run.workspace_id)
            now = uow.now
            batch = Batch(uow, run, workspace, ids=self._ids, now=now)
            await batch.write(taken.items)
            advanced = run.advanced(batch.tally.counts, items=len(taken.items), bytes_read=taken.bytes_read, now=now)
            after = replace(advanced, site_id=batch.site_id, project_id=batch.project_id)
            await self._store(uow, run, after, batch.tally)
            await uow.commit(None)

    async def _write_parents(self, actor: Actor, run_id: str) -> bool:
        """Writes some of the deferred parents; False if there are none left."""
        async with self._uow(actor) as uow:
            run = await uow.import_runs.get(actor, run_id, for_update=True)
            named = await uow.imports.take_parents(run, most=PARENTS_AT_ONCE)
            if not named:
                return False
            tally = Tally()
            await write_parents(uow, run, tally, named)
            advanced = run.advanced(tally.counts, items=0, bytes_read=run.bytes_read, now=uow.now)
            await self._store(uow, run, advanced, tally)
            await uow.commit(None)
            return True

    async def _store(self, uow: ImportUow, before: ImportRun, after: ImportRun, tally: Tally) -> None:
        losses, mappings = tally.report(self._ids, after.workspace_id)
        await uow.import_report.add(after, losses, mappings, tally.unused)
        await uow.import_runs.save(before, after)
        uow.checkpoint({"position": after.position}, progress=after.progress)

    async def _finish(self, actor: Actor, run_id: str, state: ImportState, *, failure: str | None = None) -> ImportRun:
        """Ends the run, and with it the job."""
        async with self._uow(actor) as uow:
            run = await uow.import_runs.get(actor, run_id, for_update=True)
            ended = run.ended(state, now=uow.now, failure=failure)
            if state is ImportState.DONE:
                ended = replace(ended, total=ended.position, bytes_read=ended.file_size)
            await uow.import_runs.save(run, ended)
            await uow.uploads.forget(run.upload_id)
            await uow.commit(None)
            return ended


def _started(run: ImportRun) -> BatchStarted:
    options = ("format", "project_key", "site", "include_restricted")
    return BatchStarted.of("IMPORT", run, *options, workspace_id=run.workspace_id, subject_id=run.id)


def _refused(item: Item) -> Loss:
    key = None if isinstance(item, Loss) else item.external_key
    reason = "The database rejected a value of this issue. The issue was not imported."
    return Loss(line=item.line, key=key, field=WHOLE, code=LossCode.UNREADABLE, reason=reason)


def _is_unreadable(item: Item) -> bool:
    return isinstance(item, Loss) and item.field == WHOLE and item.code in UNREADABLE


def _nothing_readable(line: int, reason: str) -> WrongKind:
    return WrongKind(f"No issue in the file can be read. Line {line:,}: {reason} {ACCEPTED}")
