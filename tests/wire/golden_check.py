"""What a check against golden bytes is: it names what it holds, and to which constants.

The checks stand in golden_checks_*.py; test_every_reader_and_writer_has_golden_bytes.py collects and runs them.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """A function that is given the golden constants and fails where the wire reads or writes otherwise.

    holds: the readers and writers, as ``module.name`` or ``module.Class.name``; each is called in ``run``.
    constants: names in the golden modules, in the order of the arguments of ``run``.
    """

    run: Callable[..., None]
    constants: tuple[str, ...]
    holds: tuple[str, ...]


def golden(constants: str, *, holds: str) -> Callable[[Callable[..., None]], Check]:
    """Make a check of a function; both lists are names with spaces between them."""
    return lambda run: Check(run, tuple(constants.split()), tuple(holds.split()))


def differs_in_reserved_byte(written: bytes, golden_pdu: bytes, contexts: int) -> bool:
    """Whether an A-ASSOCIATE-RQ of DCMTK is ours but for the third byte of each item 20H.

    That byte is reserved (PS3.8 Table 9-13: sent as 00H, not tested); DCMTK sends FFH.
    """
    mark, ours = b"\x00\xff\x00\x30\x00", b"\x00\x00\x00\x30\x00"
    return golden_pdu.count(mark) == contexts and golden_pdu.replace(mark, ours) == written


def pdus(stream: bytes) -> list[bytes]:
    """The PDUs of a stream, cut by their lengths alone (PS3.8 9.3.1)."""
    found = []
    while stream:
        end = 6 + int.from_bytes(stream[2:6], "big")
        found.append(stream[:end])
        stream = stream[end:]
    return found
