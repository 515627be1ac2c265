"""Where the threads of a server wait for what their actor replies."""

from queue import Empty, SimpleQueue
from typing import Any

PUSH_LIMIT_S = 0.5
"""How long a server's thread waits for what its actor sends over the association of a request that it has answered."""


class Awaited:
    """One request whose reply a server thread waits for; the kernel's thread gives it, None to hang up.

    ``calling_ae_title`` and ``message_id`` are those of a DIMSE request; a C-MOVE's sub-operations name them.
    ``shows_progress``: the status of each sub-operation is given too, before the reply.
    """

    def __init__(self, calling_ae_title: str = "", message_id: int = 0, shows_progress: bool = False) -> None:
        self.calling_ae_title = calling_ae_title
        self.message_id = message_id
        self.shows_progress = shows_progress
        self.is_cancelled = False
        """Set by the server's thread, read by whoever works on the request."""
        self.was_taken = False
        """Whether the server's thread has taken what was pushed."""
        self._replies: SimpleQueue[Any] = SimpleQueue()
        self._pushed: SimpleQueue[Any] = SimpleQueue()

    def push(self, exchange: Any) -> None:
        """From the kernel's thread: send this on the association of the request."""
        self._pushed.put(exchange)

    def pushed(self) -> Any:
        """What was pushed, or None when nothing is in time."""
        try:
            exchange = self._pushed.get(timeout=PUSH_LIMIT_S)
        except Empty:
            return None
        self.was_taken = True
        return exchange

    def reply(self, message: Any) -> None:
        self._replies.put(message)

    def wait(self) -> Any:
        return self._replies.get()


class Replies:
    """All that one server waits for, so that closing it ends every wait."""

    def __init__(self) -> None:
        self._awaited: set[Awaited] = set()
        self._closed = False

    def wait_for(self, awaited: Awaited) -> Any:
        """The reply, or None when there will be none."""
        self._awaited.add(awaited)
        try:
            return None if self._closed else awaited.wait()
        finally:
            self._awaited.discard(awaited)

    def close(self) -> None:
        """Nobody will reply any more."""
        self._closed = True
        for awaited in tuple(self._awaited):
            awaited.reply(None)
