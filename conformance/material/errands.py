"""What makes the product open an association of its own, to one of the tester's systems.

==========  =====================================  ==============  ==============
role        what is done                           whom it calls   its request
==========  =====================================  ==============  ==============
pacs        images are stored, then C-MOVE         workstation     C-STORE
modality    operator: an exam, images acquired     pacs            C-STORE
reporting   an order is ready, operator: opens it  pacs            C-FIND
engine      images are stored (a DICOM router)     pacs            C-STORE
==========  =====================================  ==============  ==============
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Self

from pydicom.dataset import Dataset

from conformance.case import Role
from conformance.material.archive_view import MOVED_TO, ArchiveView
from conformance.material.images import Study
from conformance.material.messages import Sent
from conformance.material.orders import not_to_be_read, order_of, ready_to_read
from conformance.material.query_models import first_model, identifier
from conformance.material.telling import told
from conformance.material.work import storage_class
from conformance.peers.acceptor import Acceptor
from conformance.peers.association import Retrieved
from conformance.peers.conversation import Received
from conformance.target import PeerName, RoleTarget, Service
from conformance.trial import Trial
from conformance.verdict import Inconclusive, NotApplicable

CLAIMS: dict[Role, tuple[Service, PeerName, str]] = {
    "pacs": ("move", MOVED_TO, "C-STORE-RQ"),
    "modality": ("sending", "pacs", "C-STORE-RQ"),
    "reporting": ("retrieving", "pacs", "C-FIND-RQ"),
    "engine": ("dicom_routing", "pacs", "C-STORE-RQ"),
}
"""What a product must claim, whom it calls and its first request."""


def calls_others(target: RoleTarget) -> bool:
    """Whether it claims anything for which it opens associations that the tester can bring about."""
    return any(service in target.claims.services for service, _, _ in CLAIMS.values())


class Errand:
    """Of the product of a trial; each ``run`` makes it call anew. ``at`` is whom it calls, ``request`` what it asks there.
    Leave it, as a context manager, when all is done.

    Raises NotApplicable where the product claims nothing of the kind, Inconclusive.
    """

    def __init__(self, trial: Trial, sop_classes: Sequence[str] = (), **attributes: Any) -> None:
        """``sop_classes`` and ``attributes`` are of the images, where the tester makes them: one of each class."""
        if trial.role not in CLAIMS or CLAIMS[trial.role][0] not in trial.target.claims.services:
            raise NotApplicable("not claimed: a service in which it opens associations")
        _, peer, self.request = CLAIMS[trial.role]
        self._trial = trial
        self._peer = trial.peer(peer)
        self._study = Study(trial)
        self._order = order_of(trial)
        classes = sop_classes or (storage_class(trial),)
        self.images: list[Dataset] = []
        if trial.role in ("pacs", "engine"):
            self.images = [self._study.image(one, **attributes) for one in classes if one is not None]
        if trial.role == "pacs":
            self._store()
        if trial.role == "reporting":
            self._tell(ready_to_read(trial, self._order))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """A reading system would ask for the images of its list for ever."""
        if self._trial.role == "reporting":
            with suppress(Inconclusive):
                self._tell(not_to_be_read(self._trial, self._order))

    @property
    def at(self) -> Acceptor:
        return self._peer.dicom

    @property
    def limit_s(self) -> float:
        """Within it the product calls."""
        return self._trial.timers.propagation_s

    def run(self) -> Retrieved | None:
        """Have it done; the answers to a C-MOVE, where that is what did it."""
        role, trial = self._trial.role, self._trial
        if role == "pacs":
            return self._move()
        if role == "modality":
            exam = trial.identifier("E")
            patient = {"patient.patient_id": trial.patient_id(), "accession": trial.accession_number()}
            trial.operate("start unscheduled", subject=exam, **patient)
            trial.operate("images acquired", subject=exam, instances="2")
        elif role == "reporting":
            trial.operate("open study", subject=self._order.accession)
        else:
            self._store()
        return None

    def arrives(self, count: int = 1) -> list[Received]:
        """The requests that must come. Raises Silence."""
        return self.at.wait_for(self.request, lambda one: one.name == self.request, self.limit_s, count)

    def _store(self) -> None:
        trial = self._trial
        with trial.beforehand("images to send"), trial.associate(*{str(one.SOPClassUID) for one in self.images}) as peer:
            peer.store_all(self.images)
        if trial.role == "pacs":
            with trial.beforehand("images to send"):
                trial.expect(ArchiveView(trial).comes_to_show(*self.images), "they are found", "they are not")

    def _tell(self, order: Sent) -> None:
        with self._trial.beforehand("an order for the reading list"):
            told(self._trial, order)

    def _move(self) -> Retrieved:
        trial = self._trial
        model = first_model(trial.target)
        above = {"PatientID": self._study.patient_id} if model.above("STUDY") else {}
        with trial.associate(model.move) as peer:
            return peer.move(model.move, identifier("STUDY", **above, StudyInstanceUID=self._study.uid), self._peer.title)
