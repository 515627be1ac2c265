"""Association establishment at the acceptor: contexts, titles, items."""

from conformance.case import ACCEPTORS, MUST, READ, case
from conformance.peers.association import request_association
from conformance.trial import IMPLICIT, VERIFICATION, Trial
from emulators.wire.pdu import AssociateAccept, AssociateReject


@case("dicom.ul.assoc.1", MUST, ACCEPTORS, "+", "PS3.8 7.1.2; PS3.2 7.1", READ)
def verification_in_the_default_transfer_syntax_is_accepted(trial: Trial) -> None:
    """A well-formed association that proposes Verification with Implicit VR LE is accepted."""
    with trial.associate((VERIFICATION, (IMPLICIT,))) as peer:
        results = [(one.context_id, one.result) for one in peer.accept.contexts]
        trial.expect_equal("contexts and their results", results, [(1, 0)])


@case("dicom.ul.assoc.5", MUST, ACCEPTORS, "-", "PS3.8 7.1.1.4, C.2, Table 9-21", READ)
def a_wrong_called_ae_title_is_refused(trial: Trial) -> None:
    """A wrong Called AE title is refused."""
    pdu, received = request_association(trial.connect(), trial.proposal(VERIFICATION, called="NOT_YOU"))
    trial.expect(isinstance(pdu, AssociateReject), "A-ASSOCIATE-RJ", received.name, received.records)
    assert isinstance(pdu, AssociateReject | AssociateAccept)
    if isinstance(pdu, AssociateReject):
        met = (pdu.result, pdu.source, pdu.reason) == (1, 1, 7)
        trial.should(met, "result 1, source 1, reason 7", pdu.meaning, received.records)
