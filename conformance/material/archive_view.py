"""What an archive shows of a study: read back by C-FIND and C-GET (or C-MOVE to one of the tester's systems).

The reading judges nothing: that an archive which answers badly cannot be read back is its failure all the same.
"""

from collections.abc import Sequence

from pydicom.dataset import Dataset

from conformance.material.query_models import Level, first_model, identifier
from conformance.material.read_back import answered, claimed
from conformance.peers.acceptor import scp_role
from conformance.peers.conversation import Received
from conformance.target import PeerName
from conformance.trial import EXPLICIT, IMPLICIT, Trial
from conformance.verdict import Failure, Inconclusive

MOVED_TO: PeerName = "workstation"
UNCOMPRESSED = (EXPLICIT, IMPLICIT)


class ArchiveView:
    """Of the product of a trial. Raises Inconclusive where it does not claim query, or retrieve."""

    def __init__(self, trial: Trial) -> None:
        claimed(trial, "query")
        self._trial = trial
        self._model = first_model(trial.target)

    def _above(self, patient_id: str) -> dict[str, str]:
        """The unique key of the level above a study, where there is one (PS3.4 C.6.1, C.6.2)."""
        return {"PatientID": patient_id} if self._model.above("STUDY") else {}

    # --- C-FIND

    def find(self, level: Level, **values: str) -> list[Dataset]:
        """The matches of one C-FIND, its last answer being 0000H."""
        return [one.dataset for one in self.answers(level, **values)]

    def answers(self, level: Level, **values: str) -> tuple[Received, ...]:
        """As ``find``, with the bytes as they came."""
        return answered(self._trial, self._model.find, identifier(level, **values)).pending

    def study(self, study_uid: str, patient_id: str, *keywords: str) -> Dataset | None:
        """The study as it is found, with patient, accession number and these keywords; None where it is not."""
        asked = dict.fromkeys(("PatientID", "PatientName", "AccessionNumber", *keywords), "")
        found = self.find("STUDY", **{**asked, **self._above(patient_id)}, StudyInstanceUID=study_uid)
        return found[0] if found else None

    def instances(self, study_uid: str, patient_id: str) -> list[str]:
        """The SOP Instance UIDs of a study, series by series; as often as they are told."""
        uids = []
        above = {**self._above(patient_id), "StudyInstanceUID": study_uid}
        for series in self.find("SERIES", **above, SeriesInstanceUID=""):
            named = {**above, "SeriesInstanceUID": str(series.SeriesInstanceUID)}
            uids += [str(one.SOPInstanceUID) for one in self.find("IMAGE", **named, SOPInstanceUID="")]
        return uids

    def shows(self, dataset: Dataset) -> bool:
        """Whether this instance is found at IMAGE level, under its own study and series."""
        named = {
            keyword: str(dataset[keyword].value) for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
        }
        found = self.find("IMAGE", **self._above(str(dataset.PatientID)), **named)
        return [str(one.get("SOPInstanceUID", "")) for one in found] == [dataset.SOPInstanceUID]

    def comes_to_show(self, *datasets: Dataset) -> bool:
        """Whether all of them are found within the time that the product declares for its index."""
        waiting = list(datasets)

        def all_shown() -> bool:
            while waiting and self.shows(waiting[0]):
                waiting.pop(0)
            return not waiting

        return self._trial.eventually(all_shown, self._trial.timers.index_s)

    # --- retrieve

    def retrieved(self, dataset: Dataset, transfer_syntaxes: Sequence[str] = UNCOMPRESSED) -> Received:
        """The C-STORE by which an instance comes back. Raises Failure where it does not come."""
        services = self._trial.target.claims.services
        names = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
        above = self._above(str(dataset.PatientID))
        asked = identifier("IMAGE", **above, **{keyword: str(dataset[keyword].value) for keyword in names})
        if "get" in services:
            came = self._got(str(dataset.SOPClassUID), asked, transfer_syntaxes)
        elif "move" in services:
            came = self._moved(asked)
        else:
            raise Inconclusive("it claims no C-GET and no C-MOVE: what it has stored cannot be compared")
        return came

    def _got(self, sop_class: str, asked: Dataset, transfer_syntaxes: Sequence[str]) -> Received:
        contexts = [(sop_class, (syntax,)) for syntax in transfer_syntaxes]
        with self._trial.associate(self._model.get, *contexts, roles=(scp_role(sop_class),)) as peer:
            answers = peer.get(self._model.get, asked)
        if len(answers.stored) != 1:
            raise Failure("one instance by C-GET", f"{len(answers.stored)}, {answers.final.meaning}", answers.final.records)
        return answers.stored[0]

    def _moved(self, asked: Dataset) -> Received:
        peer = self._trial.peer(MOVED_TO)
        uid = str(asked.SOPInstanceUID)
        before = len(peer.dicom.received)
        with self._trial.associate(self._model.move) as association:
            final = association.move(self._model.move, asked, peer.title).final
        came = [one for one in peer.dicom.received[before:] if one.command.sop_instance_uid == uid]
        if len(came) != 1:
            raise Failure("one instance by C-MOVE", f"{len(came)}, {final.meaning}", final.records)
        return came[0]
