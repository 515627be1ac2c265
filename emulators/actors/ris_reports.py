"""The reports of a RIS: from workstation and teleradiology to the engine, when they fit an order and come in time.

=====================================================  =====================================================================
a report                                               then
=====================================================  =====================================================================
names an accession number that is not known,           AE 204 OBR-3: a report before its order is the sender's to send again
  or one that was cancelled
names another patient, or a placer number that is      AE 204 PID-3, AE 204 OBR-2
  not the order's
is preliminary after a final one, older than the       AA, and not sent on
  one that holds, or the same again
any other                                              AA, sent on with what the sender could not know: the placer number,
                                                       the study, the patient's ID after a merge
=====================================================  =====================================================================

A final report from elsewhere takes its studies off the reading list; the workstation knows of its own. Who reads from the
images alone names one order; where several were done as one study, the report is for all of them (note ``report covers``).
"""

from collections.abc import Sequence
from dataclasses import replace

from emulators.actors.requested_procedures import FINAL_STATUSES, Procedure, ProcedureTable, State
from emulators.actors.ris_letters import Letters
from emulators.actors.ris_patients import RisPatients
from emulators.actors.system import ACCEPTED, UNKNOWN_KEY, Accepted, RequestMethod, refused
from emulators.core.effect import Effect, Note
from emulators.messages.orders import ReportStatus
from emulators.messages.report import Report, ReportedOrder


class RisReports:
    """``workstation`` is the name of the reading system whose list this RIS keeps."""

    def __init__(self, table: ProcedureTable, letters: Letters, patients: RisPatients, workstation: str) -> None:
        self._table = table
        self._letters = letters
        self._patients = patients
        self._workstation = workstation
        self._waiting: list[tuple[Report, tuple[Procedure, ...]]] = []
        """For the placer number of an order that was made here: without it the placer would not know the order."""
        self.requests: dict[type, RequestMethod] = {ReportStatus: self._status, Report: self._report}

    def _status(self, message: ReportStatus, _sender: str) -> tuple[Accepted, Sequence[Effect]]:
        procedure = self._table.of_accession(message.accession_number)
        if procedure is None:
            return refused(UNKNOWN_KEY, "OBR-3"), ()
        fields = {"accession": message.accession_number, "status": message.status}
        return ACCEPTED, [Note("reading status", procedure.name, fields)]

    def _report(self, message: Report, sender: str) -> tuple[Accepted, Sequence[Effect]]:
        procedures: list[Procedure] = []
        for order in message.orders:
            procedure = self._table.of_accession(order.accession_number)
            error = self._misfit(message, order, procedure)
            if procedure is None or error:
                return refused(UNKNOWN_KEY, error), ()
            procedures.append(procedure)
        together = self._done_as_one(procedures)
        procedures += together
        if not any(_holds(message, procedure.report) for procedure in procedures):
            return ACCEPTED, ()
        effects = self._forward(message, procedures)
        effects += [Note("report covers", one.name, _covered(one, message)) for one in together]
        for procedure in procedures:
            effects.extend(self._file(message, procedure, sender))
        return ACCEPTED, effects

    def _forward(self, message: Report, procedures: Sequence[Procedure]) -> list[Effect]:
        """Send it on, unless it must wait for the placer number of an order that was made here."""
        if all(procedure.order.placer_order_number for procedure in procedures):
            return self._letters.report(_completed(message, procedures))
        self._waiting.append((message, tuple(procedures)))
        return []

    def number_assigned(self) -> list[Effect]:
        """An order has its placer number: send what waited for it, in the order in which it came."""
        waiting, self._waiting = self._waiting, []
        return [effect for message, procedures in waiting for effect in self._forward(message, procedures)]

    def _done_as_one(self, procedures: Sequence[Procedure]) -> list[Procedure]:
        """What else was done in the same studies."""
        studies = dict.fromkeys(procedure.study_instance_uid for procedure in procedures)
        others = [other for study in studies for other in self._table.of_study(study)]
        return [other for other in others if other not in procedures and other.state is not State.CANCELLED]

    def _misfit(self, message: Report, order: ReportedOrder, procedure: Procedure | None) -> str:
        """The field that does not fit the procedure; empty if all do."""
        if procedure is None or procedure.state is State.CANCELLED:
            return "OBR-3"
        if not self._patients.same(message.patient, procedure.patient):
            return "PID-3"
        if order.placer_order_number not in ("", procedure.order.placer_order_number):
            return "OBR-2"
        return ""

    def _file(self, message: Report, procedure: Procedure, sender: str) -> Sequence[Effect]:
        procedure.report = message
        if message.status not in FINAL_STATUSES or not procedure.is_listed:
            return ()
        if sender != self._workstation:
            return self._letters.unlist(procedure)
        procedure.is_listed = False
        return ()


def _holds(message: Report, filed: Report | None) -> bool:
    """Whether a report is to be taken for what holds now."""
    if filed is None:
        return True
    if message.status == "P" and filed.status in FINAL_STATUSES:
        return False
    if message.reported_at and message.reported_at < filed.reported_at:
        return False
    said, known = ((one.status, one.text, one.addendum, one.documents) for one in (message, filed))
    return said != known


def _completed(message: Report, procedures: Sequence[Procedure]) -> Report:
    """The report with what its sender could not know."""
    orders = tuple(map(_completed_order, message.orders, procedures))
    orders += tuple(map(_order_of, procedures[len(message.orders) :]))
    patient, known = message.patient, procedures[0].patient
    if (patient.patient_id, patient.issuer) != (known.patient_id, known.issuer):
        patient = known
    if patient is message.patient and orders == message.orders:
        return message
    return replace(message, orders=orders, patient=patient)


def _covered(procedure: Procedure, message: Report) -> dict[str, str]:
    return {"accession": procedure.accession_number, "status": message.status}


def _order_of(procedure: Procedure) -> ReportedOrder:
    return ReportedOrder(
        procedure.order.placer_order_number,
        procedure.accession_number,
        procedure.study_instance_uid,
        procedure.order.procedure,
    )


def _completed_order(order: ReportedOrder, procedure: Procedure) -> ReportedOrder:
    return ReportedOrder(
        procedure.order.placer_order_number,
        order.accession_number,
        order.study_instance_uid or procedure.study_instance_uid,
        order.procedure if order.procedure.meaning else procedure.order.procedure,
    )
