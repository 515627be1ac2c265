"""Messages whose effect can be seen from outside, so that a case can tell whether a message was processed.

=========  ==========================================================  =====================================================
role       message                                                     seen
=========  ==========================================================  =====================================================
ris        ORM^O01 NW                                                  in the worklist (C-FIND), by the ID or the name
engine     ADT^A04                                                     forwarded to the first destination of its ADT route
pacs       ADT^A08 about the patient of a stored study                 in the name that C-FIND shows
ehr        ORU^R01 about an order that the operator has placed         by the operator, who opens the chart
reporting  ORM^O01 SC/CM                                               when the operator opens it: the study is asked for
=========  ==========================================================  =====================================================
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from conformance.material.good_messages import GoodMessage, placed_order
from conformance.material.images import Study
from conformance.material.orders import new_order, order_of, ready_to_read
from conformance.material.patients import Patient, register
from conformance.material.read_back import claimed, person_name, studies, worklist
from conformance.material.reports import report
from conformance.material.routing import adt_destination
from conformance.material.sop_classes import CT
from conformance.material.telling import told
from conformance.trial import Trial


@dataclass(frozen=True, slots=True)
class Visible:
    """``message`` makes it, each time with another MSH-10 unless one is given; ``count`` says how often it is seen to have
    been processed (ehr and reporting: once or never)."""

    message: GoodMessage
    count: Callable[[], int]

    def appears(self, trial: Trial) -> bool:
        """Whether its effect is seen in time."""
        return trial.eventually(lambda: self.count() > 0, trial.timers.propagation_s)


def visible(trial: Trial) -> Visible:
    """For the product of this trial. Raises Inconclusive where its role shows nothing."""
    makers = {"ris": _of_ris, "engine": _of_engine, "pacs": _of_pacs, "ehr": _of_ehr, "reporting": _of_reporting}
    return makers[trial.role](trial)


def _of_ris(trial: Trial) -> Visible:
    claimed(trial, "orders", "worklist")
    patient = Patient(trial.patient_id(), (trial.identifier("N").capitalize(), "Jane"))
    order = order_of(trial, patient)

    def entries(**keys: str) -> int:
        return len(worklist(trial, **keys).pending)

    return Visible(
        lambda **options: new_order(trial, order, **options),
        lambda: entries(PatientID=patient.patient_id) or entries(PatientName=f"{patient.name[0]}*"),
    )


def _of_engine(trial: Trial) -> Visible:
    patient = Patient(trial.patient_id())
    destination = adt_destination(trial)
    return Visible(
        lambda **options: register(trial, patient=patient, **options),
        lambda: sum(one.field("PID", 3) == patient.patient_id for one in destination.received),
    )


def _of_pacs(trial: Trial) -> Visible:
    claimed(trial, "adt")
    stored, new_name = archived_study(trial), trial.identifier("N").capitalize()
    patient = Patient(stored.patient_id, (new_name, "Jane"))
    return Visible(
        lambda **options: register(trial, "A08", patient, **options),
        lambda: sum(person_name(one).startswith(new_name) for one in studies(trial, StudyInstanceUID=stored.uid).matches),
    )


def archived_study(trial: Trial, **attributes: str) -> Study:
    """A study of two images in the product, which finds it. Raises Inconclusive."""
    claimed(trial, "storage", "query")
    study = Study(trial, **attributes)
    with trial.beforehand("a study is archived"):
        with trial.associate(CT) as peer:
            peer.store_all(study.images(2))
        found = trial.eventually(lambda: bool(studies(trial, StudyInstanceUID=study.uid).pending), trial.timers.index_s)
        trial.expect(found, "it is found", "it is not")
    return study


def _of_ehr(trial: Trial) -> Visible:
    order, finding = placed_order(trial), trial.identifier("FINDING")
    return Visible(
        lambda **options: report(trial, order, (finding,), **options),
        lambda: int(finding in trial.operate("show chart", subject=order.placer)),
    )


def _of_reporting(trial: Trial) -> Visible:
    order, archive = order_of(trial), trial.peer("pacs").dicom

    def asked_for() -> int:
        trial.operate("open study", subject=order.accession)
        wanted = {order.study_instance_uid, order.patient.patient_id}
        asked = [one for one in archive.received if wanted & {str(element.value) for element in one.dataset if element.VM == 1}]
        return int(bool(asked))

    return Visible(lambda **options: ready_to_read(trial, order, **options), asked_for)


def processed(trial: Trial, sent: Mapping[str, Visible], limit_s: float) -> str:
    """The first of these messages that is seen to have been processed, by its name; empty when none is ``limit_s`` after a good
    message that came later is seen. Raises Inconclusive where that is not seen either.
    """
    control = visible(trial)
    with trial.beforehand("a good message is seen to be processed"):
        told(trial, control.message())
        trial.expect(control.appears(trial), "it is seen", "it is not")

    def found() -> str:
        return next((name for name, one in sent.items() if one.count()), "")

    trial.eventually(lambda: bool(found()), limit_s)
    return found()
