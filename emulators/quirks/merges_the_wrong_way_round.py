"""A receiver that reads PID and MRG of an A40 the wrong way round: it keeps the identifier that should be over.

Catalogue: ``hl7.adt.merge.1`` (everything of MRG-1 is now under PID-3). Seen: orders, worklist and studies of both patients
under the identifier of MRG-1.
"""

from dataclasses import replace
from typing import Any

from emulators.messages.adt import MergePatients
from emulators.quirks._wrapper import Wrapper


class Quirk(Wrapper):
    def heard(self, message: Any) -> Any:
        if not isinstance(message, MergePatients):
            return message
        patient = message.patient
        kept = replace(patient, patient_id=message.prior_patient_id, issuer=message.prior_issuer or patient.issuer)
        return replace(message, patient=kept, prior_patient_id=patient.patient_id, prior_issuer=patient.issuer)
