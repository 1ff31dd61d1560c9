"""The base of errors that the operator can fix."""


class OperatorError(Exception):
    """The message says what is wrong and what to do; commands print it without a traceback."""
