"""ASGI extensions of the server for its own application."""

IS_CLOSING = "workgraph.is_closing"
"""Name of the extension whose member `call` is a function: whether the connection of the request is closing."""
