"""The formats that an import can read."""

from collections.abc import Mapping
from types import MappingProxyType

from domain.transfers.model import ImportFormat
from domain.transfers.ports import FileFormat
from infra.transfers.github.issues import read_github
from infra.transfers.jira.issues import read_jira

FORMATS: Mapping[ImportFormat, FileFormat] = MappingProxyType(
    {ImportFormat.GITHUB: read_github, ImportFormat.JIRA: read_jira}
)
