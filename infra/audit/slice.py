from domain.app import App
from domain.audit.change_set_service import ChangeSetService
from domain.audit.change_sets import UndoPolicy
from domain.audit.kinds import kinds_of
from domain.audit.policies import EventVisibility
from domain.audit.security_service import SecurityLogService
from domain.audit.service import AuditService
from domain.audit.slice import SLICE as RULES
from domain.audit.slice import UNDO_ANY
from infra.audit.change_sets import SqlChangeSetReader
from infra.audit.history import SqlHistoryReader
from infra.audit.names import SqlNameReader
from infra.audit.reader import SqlEventReader, SqlSecurityLogReader
from infra.audit.repository import SqlDeletedObjects, SqlSecurityLog
from infra.audit.streams import RedisEventStream
from infra.audit.tables import DeletedObjectRow, EventRow, EventTextRow, SecurityEventRow
from infra.db.first_use import Repositories, first_use
from infra.db.named_rows import NamedRows
from infra.parts import Parts, SliceAdapters


class AuditRepositories(Repositories):
    security_log = first_use(SqlSecurityLog)
    deleted_objects = first_use(SqlDeletedObjects)


def _provide(app: App, parts: Parts) -> None:
    events = SqlEventReader(parts.reads.on_primary, kinds_of(parts.slices))
    stream = RedisEventStream(events, parts.settings.redis_url.get_secret_value())
    parts.closing.push_async_callback(stream.aclose)
    app.audit = AuditService(events, stream, EventVisibility.of(parts.slices))
    change_sets = SqlChangeSetReader(parts.reads.on_primary, parts.slices, parts.job_runs)
    app.read.change_sets = change_sets
    app.change_sets = ChangeSetService(change_sets, UndoPolicy.of(parts.slices, any_change_set=UNDO_ANY), parts.clock)
    app.read.histories = SqlHistoryReader(parts.reads, parts.slices)
    app.read.names = SqlNameReader(parts.reads, parts.named)
    app.security_log = SecurityLogService(SqlSecurityLogReader(parts.reads.on_primary))


SLICE = SliceAdapters(
    domain=RULES,
    tables=(
        EventRow,
        EventTextRow,
        DeletedObjectRow,
        SecurityEventRow,
    ),
    named=(NamedRows(name=DeletedObjectRow.name, area_id=DeletedObjectRow.area_id),),
    repositories=AuditRepositories,
    provide=_provide,
)
