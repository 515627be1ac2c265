"""Emulators that cases flow.brk.* catch."""

from pydicom.dataset import Dataset

from conformance.material.data_sets import decode, encode
from emulators.wire.commands import response
from emulators.wire.dimse import Command
from tests.conformance.data_set_mutants import ChangesDataSets, counting, setting
from tests.conformance.hl7_mutants import AcknowledgesUnheard, NumbersEachAttemptAnew
from tests.conformance.mangler import Link, Message, Mutant, Quirk
from tests.conformance.status_mutants import SaysYesAndForgets


class NeverEndsItsSteps(SaysYesAndForgets):
    """A modality whose N-SET never leaves."""

    role = "modality"
    to_product = False

    def __init__(self) -> None:
        super().__init__("N-SET-RQ")


class NumbersEachReportAnew(NumbersEachAttemptAnew):
    """A sender whose repeated report has another MSH-10."""

    role = "ris"
    kind = b"ORU"


class TakesRepetitionsForCorrections(Mutant):
    """An EHR that does not look at MSH-10, and to which a report that comes again corrects the one before."""

    role = "ehr"
    quirks = ("takes_repeats_as_new",)

    def reset(self) -> None:
        self._seen: set[bytes] = set()

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        if not to_product or b"|ORU^R01" not in payload:
            return payload
        if payload not in self._seen:
            self._seen.add(payload)
            return payload
        return b"\r".join(map(_corrected, payload.split(b"\r")))


def _corrected(segment: bytes) -> bytes:
    """With C in OBR-25 or OBX-11."""
    fields = segment.split(b"|")
    place = {b"OBR": 25, b"OBX": 11}.get(fields[0])
    if place is not None and len(fields) > place:
        fields[place] = b"C"
    return b"|".join(fields)


class ShowsScannersWhatIsOver(Mutant):
    """A worklist from which nothing goes for a scanner, which asks for its station; others see it as it is."""

    role = "ris"

    def reset(self) -> None:
        self._shown: dict[str, Dataset] = {}

    def message(self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None) -> Message:
        syntax = link.contexts.get(context_id, "")
        if command.name == "C-FIND-RQ" and dataset:
            link.notes["query"], link.notes["answered"] = command, set()
            [step] = decode(dataset, syntax).get("ScheduledProcedureStepSequence") or [Dataset()]
            link.notes["is scanner"] = bool(step.get("ScheduledStationAETitle"))
        query, answered = link.notes.get("query"), link.notes.get("answered")
        if command.name == "C-FIND-RSP" and isinstance(query, Command) and isinstance(answered, set):
            if dataset:
                entry = decode(dataset, syntax)
                answered.add(str(entry.AccessionNumber))
                self._shown[str(entry.AccessionNumber)] = entry
            elif link.notes["is scanner"]:
                for entry in (entry for accession, entry in self._shown.items() if accession not in answered):
                    link.send_message(False, context_id, response(query, 0xFF00, has_dataset=True), encode(entry, syntax))
        return command, dataset


class NeverSendsAgain(Mutant):
    """A modality that gives up after a lost connection."""

    role = "modality"

    def reset(self) -> None:
        self._lost = False

    def opened(self, link: Link) -> None:
        if self._lost and link.opened_by_product:
            link.close()

    def message(self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None) -> Message:
        if not to_product and command.name == "C-STORE-RQ":
            link.notes["sends"] = True
        return command, dataset

    def closed(self, link: Link, by_product: bool) -> bool:
        if link.notes.get("sends") and not by_product:
            self._lost = True
        return True


class ShowsWithdrawnReports(AcknowledgesUnheard):
    role = "ehr"


MUTANTS: dict[str, Mutant | list[Mutant]] = {
    "flow.brk.1": Quirk(("merges_the_wrong_way_round",)),
    "flow.brk.2": AcknowledgesUnheard(b"|ORM^O01"),
    "flow.brk.3": ChangesDataSets("C-FIND-RQ", setting(PatientID=""), to_product=True),
    "flow.brk.4": NeverEndsItsSteps(),
    "flow.brk.5": [ChangesDataSets("C-STORE-RQ", setting(PatientName="Doe^Jane")), ShowsScannersWhatIsOver()],
    "flow.brk.6": [NumbersEachReportAnew(), TakesRepetitionsForCorrections()],
    "flow.brk.8": ChangesDataSets("C-FIND-RSP", counting(lambda count: 2 * count)),
    "flow.brk.9": [Quirk(("forgets_images",)), Quirk(("never_commits",), role="pacs")],
    "flow.brk.10": ShowsWithdrawnReports(b"|ORU^R01", b"|W\r"),
    "flow.brk.11": NeverSendsAgain(),
    "flow.brk.13": Quirk(("forgets_images",)),
}
