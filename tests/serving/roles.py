"""Served systems that a test file shares: started once, each in a process of its own, taught something, and asked again and
again whether they still know it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

from tests.serving.processes import Served


class Taught(Protocol):
    """A system of the site: ``served`` is its process, once it is started."""

    name: str
    served: Any

    def learn(self) -> None:
        """Take what it has to know afterwards."""

    def still_serves(self) -> None:
        """Good traffic is answered, and what it learnt is still known."""


Role = TypeVar("Role", bound=Taught)


@contextmanager
def serving(site: Path, roles: Sequence[Role]) -> Iterator[Mapping[str, Role]]:
    """Every one of them, ready, by name."""
    with ExitStack() as processes:
        for role in roles:  # they start at the same time
            role.served = Served(site, role.name)
            processes.callback(_kill, role)
        for role in roles:
            role.learn()
            role.still_serves()
        yield {role.name: role for role in roles}
        for role in roles:
            role.served.stop()


def kill_and_start_again(role: Taught) -> None:
    """As after a crash."""
    role.served.kill()
    role.served = Served(role.served.log.parent / "site.toml", role.name)


def _kill(role: Taught) -> None:
    role.served.kill()
