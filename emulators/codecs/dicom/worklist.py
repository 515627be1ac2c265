"""The modality worklist (PS3.4 Annex K): WorklistQuery as a C-FIND identifier, WorklistItems as those of the responses."""

from collections.abc import Iterator, Sequence

from emulators.codecs.dicom.elements import DataSet
from emulators.codecs.dicom.service import Encoded, Received, final, find_keys, find_responses
from emulators.codecs.dicom.uids import MODALITY_WORKLIST_FIND
from emulators.codecs.dicom.values import from_attributes, to_attributes
from emulators.messages.attributes import Attributes
from emulators.messages.worklist import KEYS, STEPS, WorklistItems, WorklistQuery
from emulators.wire import commands
from emulators.wire.dimse import C_FIND_RQ, Command
from emulators.wire.status import DATA_SET_DOES_NOT_MATCH_SOP_CLASS, PENDING_WITH_UNSUPPORTED_KEYS, status_class

_TABLE = from_attributes(KEYS)


class WorklistService:
    message_type = WorklistQuery
    sop_class_uid = MODALITY_WORKLIST_FIND
    command_field = C_FIND_RQ
    invalid_value = DATA_SET_DOES_NOT_MATCH_SOP_CLASS

    def encode_request(self, message: WorklistQuery, message_id: int) -> Encoded:
        return commands.c_find_rq(message_id, self.sop_class_uid), from_attributes(message.keys)

    def decode_request(self, command: Command, dataset: DataSet) -> WorklistQuery:
        """An absent step sequence, and one without an item, match every step; more than one item is refused (K.6.1.2.2)."""
        return WorklistQuery(find_keys(dataset))

    def encode_answer(
        self, answer: WorklistItems, request: Command, requested: DataSet, retrieve_ae_title: str
    ) -> Iterator[Encoded]:
        return find_responses(request, requested, answer.items, _TABLE, answer.status, answer.keys_supported)

    def decode_answer(self, responses: Sequence[Received]) -> WorklistItems:
        status = final(responses).status
        pending = [(command, dataset) for command, dataset in responses if status_class(command.status) == "pending"]
        found = [item for _, dataset in pending for item in one_per_step(to_attributes(dataset))]
        unsupported = any(command.status == PENDING_WITH_UNSUPPORTED_KEYS for command, _ in pending)
        return WorklistItems(tuple(found), status, not unsupported)


def one_per_step(item: Attributes) -> list[Attributes]:
    """An entry for each of its steps: a worklist item is one step (PS3.4 K.6.1.2.1), but not every maker keeps to it."""
    steps = item.items(STEPS)
    return [item.with_values({STEPS: (step,)}) for step in steps] if len(steps) > 1 else [item]
