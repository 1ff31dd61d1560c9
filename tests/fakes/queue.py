class MemoryJobQueue:
    """Wake-ups in order; one for a job that waits already is swallowed."""

    def __init__(self) -> None:
        self.woken: dict[str, None] = {}

    def wake(self, job_id: str) -> None:
        self.woken[job_id] = None
