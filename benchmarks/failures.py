class BenchmarkError(Exception):
    """The run cannot go on; the text says why and what to do."""
