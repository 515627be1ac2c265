"""Emulators that cases dicom.qr.get.* and model.* catch."""

import time

from commands.certify.emulator_claims import TIMERS
from conformance.material.data_sets import decode
from emulators.wire.dimse import Command
from tests.conformance.mangler import Link, Message, Mutant
from tests.conformance.status_mutants import SaysSuccessInstead

TOO_LONG_S = TIMERS["query_s"] + 0.2


class AnswersLate(Mutant):
    """Every query but those that count."""

    def message(self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None) -> Message:
        is_query = command.name == "C-FIND-RQ" and dataset is not None
        if is_query and "NumberOfStudyRelatedInstances" not in decode(dataset or b"", link.contexts[context_id]):
            time.sleep(TOO_LONG_S)
        return command, dataset


MUTANTS = {
    "dicom.qr.get.1": SaysSuccessInstead("C-GET-RSP", 0xB000),
    "dicom.qr.model.1": AnswersLate(),
}
