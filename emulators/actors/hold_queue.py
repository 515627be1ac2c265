"""The state of every study: judged by the system, settled by a person.

======================  ===========================================  =====================================================
state                   event                                        then
======================  ===========================================  =====================================================
new, orphan, held       batch, order, step, patient                  judged (actors/reconciliation.py)
matched                 order changed, patient changed               matched, and follows its order and its patient
matched                 order cancelled                              held
any but by a person     its step ends as "wrong worklist entry"      its series are hidden; held when none is left
any                     assign study (accession number)              matched by a person, and shown: it takes the patient
                                                                     and the accession number of that order
any                     accept study                                 matched by a person, right as it is
any                     reject study                                 rejected: kept on disk, shown to nobody
matched, rejected by    batch, order, step, patient                  as it is; an assigned study follows its order
a person
======================  ===========================================  =====================================================

A study that is held, or an orphan, is shown, under what its images say. Every change of state is a Note "study reconciled";
its accession numbers are joined by "+" where the study is of several orders.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from emulators.actors.patient_index import PatientIndex
from emulators.actors.reconciliation import WRONG_ENTRY, Expectations, Judgement, State, is_cancelled
from emulators.actors.study_table import Study, StudyTable
from emulators.core.effect import Effect, Note
from emulators.messages.coercion import COERCE, CORRECT, AttributeModification
from emulators.messages.steps import StepEnded, StepStarted

WRONG_WORKLIST_ENTRY = Judgement(State.HELD, "wrong worklist entry")


class HoldQueue:
    """Judges the studies of ``table`` by what ``expectations`` and ``patients`` know. ``modification``: of an identity that
    changes now, by its reason.
    """

    def __init__(
        self,
        table: StudyTable,
        patients: PatientIndex,
        expectations: Expectations,
        modification: Callable[[str], AttributeModification],
    ) -> None:
        self._table = table
        self._patients = patients
        self._expectations = expectations
        self._modification = modification
        self._wrong_series: set[str] = set()
        self._wrong_studies: set[str] = set()
        """Of steps that were made under a wrong worklist entry: their series, or the study where they named none."""

    def waiting(self) -> list[dict[str, int | str]]:
        """The studies that a person is to look at, without anything of the patient but the number."""
        return [
            {
                "study": study.uid,
                "mrn": study.patient.patient_id,
                "accession": study.accession_number,
                "state": study.state.value,
                "reason": study.reason,
            }
            for study in self._table.all()
            if study.state is State.HELD or study.state is State.ORPHAN
        ]

    def judge(self, studies: Iterable[Study]) -> list[Effect]:
        """Bring state and identity of studies up to date. One that is not on disk yet is judged when it is."""
        effects: list[Effect] = []
        for study in studies:
            if study.series:
                self._hide_wrong_series(study)
                effects += self._settle(study, self._judgement(study), COERCE)
        return effects

    def _judgement(self, study: Study) -> Judgement:
        present = Judgement(study.state or State.ORPHAN, study.reason, study.order)
        if study.by_person:
            return present
        if study.hidden_series and not study.shown:
            return WRONG_WORKLIST_ENTRY
        if study.state is State.MATCHED:
            order = self._expectations.order(study.order)
            return present if order is None or not is_cancelled(order) else Judgement(State.HELD, "order cancelled")
        return self._expectations.judge(study.header, self._patients.same)

    def _settle(self, study: Study, judgement: Judgement, reason: str) -> list[Effect]:
        """Let a study be what was judged; the Note, if that is another state than before. ``reason``: of another identity."""
        before = study.patient, study.accession_number
        study.order = judgement.order
        order = self._expectations.order(judgement.order)
        study.patient = self._patients.resolved(order.patient if order is not None else study.header.patient)
        study.accession_number = self._accession_number(study)
        if (study.patient, study.accession_number) != before:
            study.modification = self._modification(reason)
        self._table.index(study)
        if (study.state, study.reason) == (judgement.state, judgement.reason):
            return []
        study.state, study.reason = judgement.state, judgement.reason
        return [self._note(study)]

    def _accession_number(self, study: Study) -> str:
        """That of its order. A study of several orders has none of its own (RAD TF-2 4.6, group case)."""
        if not study.order or (self._is_group(study) and not study.by_person):
            return study.header.accession_number
        return study.order

    def _is_group(self, study: Study) -> bool:
        return not study.header.accession_number and len(self._expectations.orders_of(study.uid)) > 1

    def _note(self, study: Study) -> Note:
        assert study.state is not None
        accession = study.accession_number
        if study.order and not accession:
            accession = "+".join(order.procedure.accession_number for order in self._expectations.orders_of(study.uid))
        fields = {
            "mrn": study.patient.patient_id,
            "accession": accession,
            "state": study.state.value,
            "reason": study.reason,
            "by": "person" if study.by_person else "system",
        }
        return Note("study reconciled", study.uid, fields)

    # --- wrong worklist entries ----------------------------------------------------------------------------------------

    def step_started(self, message: StepStarted) -> None:
        """The exam that was entered wrongly is done again, or goes on: only what is here already was wrong."""
        study = self._table.get(message.study_instance_uid)
        if message.study_instance_uid in self._wrong_studies:
            self._wrong_studies.discard(message.study_instance_uid)
            self._wrong_series.update(uid for uid, _ in (study.series if study else ()))

    def step_ended(self, started: StepStarted, ended: StepEnded) -> None:
        """Remember what was made under a wrong worklist entry."""
        if ended.status == "DISCONTINUED" and ended.reason.value == WRONG_ENTRY:
            self._wrong_series.update(one.series_instance_uid for one in ended.series)
            if not ended.series:
                self._wrong_studies.add(started.study_instance_uid)

    def _hide_wrong_series(self, study: Study) -> None:
        if not study.by_person and (self._wrong_series or self._wrong_studies):
            all_wrong = study.uid in self._wrong_studies
            study.hidden_series = {uid for uid, _ in study.series if all_wrong or uid in self._wrong_series}

    # --- the person at the hold queue ----------------------------------------------------------------------------------

    def assign(self, data: Mapping[str, Any]) -> list[Effect]:
        """``subject``: Study Instance UID; ``accession``: that of the order the study belongs to."""
        if self._expectations.order(data["accession"]) is None:
            return [_not_done("assign study", data["subject"], "no such order")]
        return self._settled("assign study", data["subject"], Judgement(State.MATCHED, order=data["accession"]))

    def accept(self, data: Mapping[str, Any]) -> list[Effect]:
        """``subject``: Study Instance UID."""
        return self._settled("accept study", data["subject"], Judgement(State.MATCHED))

    def reject(self, data: Mapping[str, Any]) -> list[Effect]:
        """``subject``: Study Instance UID."""
        return self._settled("reject study", data["subject"], Judgement(State.REJECTED))

    def _settled(self, stimulus: str, uid: str, judgement: Judgement) -> list[Effect]:
        """What a person says is noted, also where it changes nothing.

        A study that a wrong and a right exam share cannot be settled as a whole: it would give one of them to another patient.
        """
        study = self._table.get(uid)
        if study is None or not study.series:
            return [_not_done(stimulus, uid, "no such study")]
        if study.hidden_series and study.shown:
            return [_not_done(stimulus, uid, "it holds the images of two exams")]
        study.by_person = True
        study.hidden_series = set()
        return self._settle(study, judgement, CORRECT) or [self._note(study)]


def _not_done(stimulus: str, uid: str, reason: str) -> Note:
    """What a person asked for and could not have."""
    return Note("not done", uid, {"stimulus": stimulus, "reason": reason})
