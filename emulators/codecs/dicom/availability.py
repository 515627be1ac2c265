"""Instance Availability Notification (PS3.4 Annex R): InstancesAvailable as N-CREATE.

What is sent is Table R.3.2-1 without its type 3 attributes, and nothing else (R.3.2.1.2).
"""

from collections.abc import Iterable

from emulators.codecs.dicom.elements import DataSet
from emulators.codecs.dicom.service import Encoded, StatusService
from emulators.codecs.dicom.uids import INSTANCE_AVAILABILITY_NOTIFICATION, MODALITY_PERFORMED_PROCEDURE_STEP
from emulators.codecs.dicom.values import items, referenced, references, require, text
from emulators.core.errors import LocalProtocolError
from emulators.core.identity import uid
from emulators.messages import canonical
from emulators.messages.availability import AvailableInstances, InstancesAvailable
from emulators.wire import commands
from emulators.wire.dimse import N_CREATE_RQ, Command
from emulators.wire.status import INVALID_ATTRIBUTE_VALUE

_STEPS = "ReferencedPerformedProcedureStepSequence"
_SERIES = "ReferencedSeriesSequence"
_INSTANCES = "ReferencedSOPSequence"
_HOW = ("InstanceAvailability", "RetrieveAETitle")


class AvailabilityService(StatusService):
    message_type = InstancesAvailable
    sop_class_uid = INSTANCE_AVAILABILITY_NOTIFICATION
    command_field = N_CREATE_RQ
    invalid_value = INVALID_ATTRIBUTE_VALUE

    def encode_request(self, message: InstancesAvailable, message_id: int) -> Encoded:
        if not any(one.instances for one in message.series):
            raise LocalProtocolError("a notification names no instance")
        dataset: DataSet = {
            _STEPS: [_step(step) for step in message.steps],
            "StudyInstanceUID": message.study_instance_uid,
            _SERIES: _series_items(message.series),
        }
        return commands.n_create_rq(message_id, self.sop_class_uid, message.notification_uid), dataset

    def decode_request(self, command: Command, dataset: DataSet) -> InstancesAvailable:
        require(dataset, ("StudyInstanceUID", _SERIES))
        study = text(dataset, "StudyInstanceUID")
        return InstancesAvailable(
            notification_uid=command.sop_instance_uid or uid("assigned notification", study),
            study_instance_uid=study,
            steps=tuple(_step_uid(item) for item in items(dataset, _STEPS)),
            series=tuple(one for item in items(dataset, _SERIES) for one in _of_series(item)),
        )


def _step(mpps_uid: str) -> DataSet:
    return {
        "ReferencedSOPClassUID": MODALITY_PERFORMED_PROCEDURE_STEP,
        "ReferencedSOPInstanceUID": mpps_uid,
        "PerformedWorkitemCodeSequence": [],
    }


def _step_uid(item: DataSet) -> str:
    require(item, ("ReferencedSOPInstanceUID",))
    return canonical.uid(text(item, "ReferencedSOPInstanceUID"), "ReferencedSOPInstanceUID")


def _series_items(series: Iterable[AvailableInstances]) -> list[DataSet]:
    """An item per series, with its instances of all SOP classes."""
    found: dict[str, list[DataSet]] = {}
    for one in series:
        how: DataSet = {"InstanceAvailability": one.availability, "RetrieveAETitle": one.retrieve_ae_title}
        named = references(one.sop_class_uid, one.instances)
        found.setdefault(one.series_instance_uid, []).extend({**item, **how} for item in named)
    return [{"SeriesInstanceUID": series_uid, _INSTANCES: named} for series_uid, named in found.items()]


def _of_series(item: DataSet) -> list[AvailableInstances]:
    """One per availability, AE title and SOP class."""
    require(item, ("SeriesInstanceUID", _INSTANCES))
    alike: dict[tuple[str, str], list[DataSet]] = {}
    for instance in items(item, _INSTANCES):
        require(instance, _HOW)
        alike.setdefault((text(instance, _HOW[0]), text(instance, _HOW[1])), []).append(instance)
    return [
        AvailableInstances(text(item, "SeriesInstanceUID"), sop_class_uid, instances, *how)
        for how, named in alike.items()
        for sop_class_uid, instances in referenced(named).items()
    ]
