"""Emulators that cases dicom.echo.* catch."""

from emulators.wire.dimse import Command
from tests.conformance.mangler import Link, Message, Mutant, changed


class AnswersUnderMessageIdOne(Mutant):
    def message(self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None) -> Message:
        return (command if to_product else changed(command, MessageIDBeingRespondedTo=1)), dataset


MUTANTS = {"dicom.echo.1": AnswersUnderMessageIdOne()}
