from enum import StrEnum


class LibraryErrorCode(StrEnum):
    OWN_VOLUME = "OWN_VOLUME"
