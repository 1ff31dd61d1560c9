"""Report of one batch of an import."""

from collections import Counter

from domain.shared.ids import IdFactory
from domain.transfers.model import ImportCounts, ImportLoss, ImportMapping, LossKind
from domain.transfers.records import UNUSED, IssueRecord, Loss, LossCode
from domain.transfers.sanitizing import clean_line

LONGEST_REASON = 500


class Tally:
    def __init__(self) -> None:
        self.losses: list[Loss] = []
        self._counts: Counter[str] = Counter()
        self._mappings: Counter[tuple[str, str, str]] = Counter()
        self._unused: dict[str, LossKind] = {}

    @property
    def counts(self) -> ImportCounts:
        return ImportCounts(**self._counts, loss_count=len(self.losses))

    def count(self, name: str, number: int = 1) -> None:
        """Adds to one of the fields of ImportCounts."""
        self._counts[name] += number

    def lose(self, record: IssueRecord, field: str, code: LossCode, reason: str, count: int = 1) -> None:
        self.losses.append(
            Loss(line=record.line, key=record.external_key, field=field, code=code, reason=reason, count=count)
        )

    def note(self, loss: Loss) -> None:
        """Adds a loss that the reader reports; members that are not used are summed over the batch."""
        if loss.code is not LossCode.UNUSED:
            self.losses.append(loss)
            return
        self._note_unused(loss.field, loss.count, loss.line)

    def note_all(self, record: IssueRecord) -> None:
        """Adds all reports of the reader for an issue."""
        self.losses.extend(record.losses)
        for member, count in record.unused:
            self._note_unused(member, count, record.line)

    def _note_unused(self, member: str, count: int, line: int) -> None:
        before = self._unused.get(member)
        self._unused[member] = LossKind(
            field=member,
            code=LossCode.UNUSED,
            places=before.places + 1 if before else 1,
            count=before.count + count if before else count,
            first_line=before.first_line if before else line,
            first_reason=UNUSED,
        )

    def map(self, kind: str, source: str, target: str, number: int = 1) -> None:
        self._mappings[kind, clean_line(source).text, clean_line(target).text] += number

    @property
    def unused(self) -> list[LossKind]:
        """Members that the import does not use, each once."""
        return list(self._unused.values())

    def report(self, ids: IdFactory, workspace_id: str) -> tuple[list[ImportLoss], list[ImportMapping]]:
        """Losses and mappings as they are stored."""
        losses = [
            ImportLoss(
                id=ids.new_in(workspace_id, "los"),
                line=loss.line,
                key=loss.key if loss.key is None else clean_line(loss.key).text,
                field=loss.field,
                code=loss.code,
                reason=clean_line(loss.reason, longest=LONGEST_REASON).text,
                count=loss.count,
            )
            for loss in self.losses
        ]
        mappings = [
            ImportMapping(id=ids.new_in(workspace_id, "map"), kind=kind, source=source, target=target, count=count)
            for (kind, source, target), count in self._mappings.items()
        ]
        return losses, mappings
