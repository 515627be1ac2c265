"""Both ends of an association as pynetdicom makes them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pynetdicom import AE, DEFAULT_TRANSFER_SYNTAXES
from pynetdicom.association import Association

from emulators.ports.sockets import LOOPBACK, Address

LIMIT_S = 10

Handlers = Sequence[tuple[Any, Callable[[Any], Any]]]
"""Events of pynetdicom.evt and the functions that handle them. An event has the attributes of its own service only, which
is more than its type says."""


def _entity(ae_title: str) -> AE:
    entity = AE(ae_title)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = LIMIT_S
    return entity


@contextmanager
def requestor(
    address: Address,
    called_ae_title: str,
    *abstract_syntaxes: str,
    calling_ae_title: str = "STRANGER",
    extended_negotiation: Sequence[Any] = (),
    handlers: Handlers = (),
) -> Iterator[Association]:
    """An established association, released at the end. ``extended_negotiation``: roles and the like."""
    entity = _entity(calling_ae_title)
    for abstract_syntax in abstract_syntaxes:
        entity.add_requested_context(abstract_syntax)
    association = entity.associate(
        *address, ae_title=called_ae_title, ext_neg=list(extended_negotiation), evt_handlers=list(handlers)
    )
    assert association.is_established, "pynetdicom got no association"
    try:
        yield association
    finally:
        association.release()
        entity.shutdown()


@contextmanager
def acceptor(
    ae_title: str,
    abstract_syntaxes: Sequence[str],
    handlers: Handlers,
    requestor_is_scp: bool = False,
    max_pdu_length: int = 16382,
    transfer_syntaxes: Sequence[str] = DEFAULT_TRANSFER_SYNTAXES,
) -> Iterator[int]:
    """A server that takes associations for ``ae_title`` only: its port. ``requestor_is_scp``: the roles are the other way
    round, as for a commitment result on an association that its SCP opens."""
    entity = _entity(ae_title)
    entity.require_called_aet = True
    entity.maximum_pdu_size = max_pdu_length
    for abstract_syntax in abstract_syntaxes:
        if requestor_is_scp:
            entity.add_supported_context(abstract_syntax, list(transfer_syntaxes), scu_role=False, scp_role=True)
        else:
            entity.add_supported_context(abstract_syntax, list(transfer_syntaxes))
    server = entity.start_server((LOOPBACK, 0), block=False, evt_handlers=list(handlers))
    assert server is not None  # it does not block
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        entity.shutdown()
