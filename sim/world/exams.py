"""What the people of the hospital know of each exam: whose a study is, and what its accession number really is."""

from dataclasses import dataclass

from sim.world.people import Case, Exam


@dataclass(slots=True, eq=False)
class Known:
    """An exam that has been scheduled or started. ``accession_number`` is empty as long as there is no order for it."""

    case: Case
    exam: Exam
    accession_number: str = ""
    station: str = ""
    read_by: str = ""
    """The system on which its report was signed."""


class Exams:
    """By Study Instance UID and by accession number."""

    def __init__(self) -> None:
        self._by_study: dict[str, Known] = {}
        self._by_accession: dict[str, Known] = {}

    def scheduled(self, known: Known, study_instance_uid: str) -> None:
        """An order has got its accession number and its study."""
        self.started(known, study_instance_uid)
        self.ordered(known)

    def ordered(self, known: Known) -> None:
        """There is an order for it now."""
        self._by_accession[known.accession_number] = known

    def started(self, known: Known, study_instance_uid: str) -> None:
        """This is the study that its images are in."""
        self._by_study[study_instance_uid] = known

    def of_study(self, study_instance_uid: str) -> Known | None:
        return self._by_study.get(study_instance_uid)

    def of_accession(self, accession_number: str) -> Known | None:
        return self._by_accession.get(accession_number)
