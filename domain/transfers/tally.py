"""What one batch of an import has to report."""

from collections import Counter

from domain.shared.ids import IdFactory
from domain.transfers.model import ImportCounts, ImportLoss, ImportMapping
from domain.transfers.records import IssueRecord, Loss, LossCode
from domain.transfers.sanitising import clean_line

LONGEST_REASON = 500


class Tally:
    def __init__(self) -> None:
        self.losses: list[Loss] = []
        self._counts: Counter[str] = Counter()
        self._mappings: Counter[tuple[str, str, str]] = Counter()

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

    def map(self, kind: str, source: str, target: str, number: int = 1) -> None:
        self._mappings[kind, clean_line(source).text, clean_line(target).text] += number

    def report(self, ids: IdFactory) -> tuple[list[ImportLoss], list[ImportMapping]]:
        """Losses and mappings as they are stored."""
        losses = [
            ImportLoss(
                id=ids.new("los"),
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
            ImportMapping(id=ids.new("map"), kind=kind, source=source, target=target, count=count)
            for (kind, source, target), count in self._mappings.items()
        ]
        return losses, mappings
