"""The formats that an import can read."""

from collections.abc import Mapping
from types import MappingProxyType

from domain.transfers.github import read_github
from domain.transfers.jira import read_jira
from domain.transfers.model import ImportFormat
from domain.transfers.ports import FileFormat

FORMATS: Mapping[ImportFormat, FileFormat] = MappingProxyType(
    {ImportFormat.GITHUB: read_github, ImportFormat.JIRA: read_jira}
)
