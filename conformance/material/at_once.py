"""Several things at the same time, each in a thread of its own, as the systems of a hospital do them."""

import threading
from collections.abc import Callable, Iterable

from conformance.verdict import Failure


def at_once(jobs: Iterable[Callable[[], object]], name: str) -> None:
    """All of them, to their end; ``name`` is that of the threads. Raises the first Failure that one of them raised."""
    failures: list[Failure] = []

    def run(job: Callable[[], object]) -> None:
        try:
            job()
        except Failure as failure:
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(job,), name=name) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
