"""A C-MOVE or C-GET under way, as who asked for it sees it (PS3.4 C.4.2.3, C.4.3.3).

After each sub-operation a pending response gives the counters, and a C-CANCEL is looked for. The C-STOREs of a C-GET go over
the same association, in contexts in which the requestor is SCP; those of a C-MOVE are the kernel's.

====================================================  =====================================
a sub-operation of a C-GET                            counts as
====================================================  =====================================
C-STORE answered 0000H, Bxxx                          completed, warning
C-STORE answered otherwise                            failed
no context for its SOP class and transfer syntax      failed
not on disk any more                                  failed
not begun when a C-CANCEL came                        remaining: FE00H
====================================================  =====================================
"""

from emulators.codecs.dicom.transcoding import as_accepted
from emulators.messages.instance_set import NO_INSTANCES, from_uids
from emulators.messages.query import MovePlan, MoveResult
from emulators.ports.association import Gone, SocketAssociation
from emulators.ports.stored_images import StoredInstance, stored_images
from emulators.ports.sub_operations import move_result
from emulators.store.archive import ImageArchive
from emulators.wire.commands import SubOperations, c_store_rq, response
from emulators.wire.dimse import C_CANCEL_RQ, C_STORE_RQ, RESPONSE, Message
from emulators.wire.status import PENDING, SOP_CLASS_NOT_SUPPORTED, status_class


class Retrieval:
    """``request`` is the C-MOVE or C-GET, ``plan`` what the archive wants to send for it."""

    def __init__(self, association: SocketAssociation, request: Message, plan: MovePlan) -> None:
        self._association = association
        self._request = request
        self._plan = plan
        self._completed = 0
        self._warned = 0
        self._failed = 0
        self._failed_uids: list[str] = []
        self._sent = 0
        self.is_cancelled = False

    def sub_operation_ended(self, status: int) -> None:
        """Count it, say so, and look whether the rest is still wanted."""
        kind = status_class(status)
        self._completed += kind == "success"
        self._warned += kind == "warning"
        self._failed += kind not in ("success", "warning")
        command = response(self._request.command, PENDING, sub_operations=self._counters())
        self._association.send(self._request.context_id, command)
        self._look_at(self._association.waiting_message())

    def get(self, archive: ImageArchive) -> MoveResult:
        """Send everything over this association. Raises Gone when the requestor has gone."""
        for store in self._plan.stores:
            here: list[str] = []
            for instance in stored_images(archive, store):
                if self.is_cancelled:
                    return self._result()
                here.append(instance.sop_instance_uid)
                status = self._store(instance)
                if status_class(status) not in ("success", "warning"):
                    self._failed_uids.append(instance.sop_instance_uid)
                self.sub_operation_ended(status)
            missing = store.instances.without(from_uids(here))
            self._failed_uids += missing
            self._failed += len(missing)
        return self._result()

    def _store(self, instance: StoredInstance) -> int:
        """The status of one C-STORE."""
        accepted = as_accepted(instance.transfer_syntax_uid, instance.buffers, self._contexts_for(instance.sop_class_uid))
        if accepted is None:
            return SOP_CLASS_NOT_SUPPORTED
        context_id, buffers = accepted
        self._sent += 1
        message_id = (self._request.command.message_id + self._sent) & 0xFFFF
        command = c_store_rq(message_id, instance.sop_class_uid, instance.sop_instance_uid)
        self._association.send(context_id, command, buffers)
        while True:
            received = self._association.receive()
            if received is None:
                raise Gone("released before the last response")
            if received.command.field == C_STORE_RQ | RESPONSE:
                return received.command.status
            self._look_at(received)

    def _contexts_for(self, sop_class_uid: str) -> dict[str, int]:
        """The contexts in which images of this class can be sent here, by transfer syntax."""
        return {
            context.transfer_syntax: context.context_id
            for context in self._association.contexts.values()
            if context.requestor_is_scp and context.abstract_syntax == sop_class_uid
        }

    def _look_at(self, message: Message | None) -> None:
        if message is not None and message.command.field == C_CANCEL_RQ:
            named = message.command.number("MessageIDBeingRespondedTo")
            self.is_cancelled |= named == self._request.command.message_id

    def _counters(self) -> SubOperations:
        remaining = self._plan.total - self._completed - self._warned - self._failed
        return SubOperations(self._completed, self._failed, self._warned, max(0, remaining))

    def _result(self) -> MoveResult:
        failed = from_uids(self._failed_uids) if self._failed_uids else NO_INSTANCES
        remaining = self._counters().remaining or 0
        return move_result(self._completed, self._warned, failed, remaining, self.is_cancelled)
