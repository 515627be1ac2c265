"""Where the threads of a server wait for what their actor replies."""

from queue import SimpleQueue
from typing import Any


class Awaited:
    """One request whose reply a server thread waits for; the kernel's thread gives it, None to hang up.

    ``calling_ae_title`` and ``message_id`` are those of a DIMSE request; a C-MOVE's sub-operations name them.
    """

    def __init__(self, calling_ae_title: str = "", message_id: int = 0) -> None:
        self.calling_ae_title = calling_ae_title
        self.message_id = message_id
        self._replies: SimpleQueue[Any] = SimpleQueue()

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
