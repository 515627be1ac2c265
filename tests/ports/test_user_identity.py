"""A user identity is judged where users are configured (PS3.7 D.3.3.7): a wrong one is refused for good."""

import pytest

from emulators.ports.arrivals import Arrivals
from emulators.ports.association import Limits
from emulators.ports.dicom_server import DicomServer
from emulators.ports.sockets import Origins
from emulators.wire.commands import VERIFICATION
from emulators.wire.items import UserIdentity
from emulators.wire.negotiation import propose
from emulators.wire.pdu import AssociateAccept, AssociateReject, Pdu
from tests.serving.raw_dicom import RawConnection

USERS = {"rita": "secret"}
REFUSED = AssociateReject(1, 2, 1)


def answer(users: dict[str, str], identity: UserIdentity | None) -> Pdu | None:
    server = DicomServer("ours", "OURS", Arrivals(), Origins(), takes_strangers=True, limits=Limits(artim_s=0.05, users=users))
    try:
        with RawConnection(server.address) as connection:
            return connection.request(propose("OURS", "US", [(VERIFICATION, ["1.2.840.10008.1.2"])], user_identity=identity))
    finally:
        server.close()


@pytest.mark.parametrize(
    "identity",
    [UserIdentity(2, b"rita", b"wrong", True), UserIdentity(2, b"rosa", b"secret"), UserIdentity(1, b"rita")],
)
def test_a_wrong_identity_is_refused_for_good(identity: UserIdentity) -> None:
    """dicom.ul.assoc.13."""
    assert answer(USERS, identity) == REFUSED
    assert isinstance(answer({}, identity), AssociateAccept)


@pytest.mark.parametrize("identity", [None, UserIdentity(2, b"rita", b"secret", True)])
def test_a_right_identity_and_none_are_let_in(identity: UserIdentity | None) -> None:
    accept = answer(USERS, identity)
    assert isinstance(accept, AssociateAccept)
    assert accept.user_information.user_identity_response == (None if identity is None else b"")
