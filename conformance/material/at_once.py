"""Several things at the same time, each in a thread of its own, as the systems of a hospital do them."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor


def at_once(jobs: Sequence[Callable[[], object]], name: str) -> None:
    """All of them, to their end; ``name`` is that of the threads. Raises what the first of them raised, whatever it is."""
    with ThreadPoolExecutor(len(jobs), name) as pool:
        running = [pool.submit(job) for job in jobs]
    for job in running:
        job.result()
