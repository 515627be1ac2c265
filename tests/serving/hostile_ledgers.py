"""What a served system holds, as its public interfaces tell it: answers to queries, the chart, ``--status``, image files."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from emulators.messages.attributes import of
from emulators.messages.query import Find
from emulators.messages.worklist import query_for_all_keys
from tests.actors import samples
from tests.peers.senders import Sender
from tests.serving.hostile_traffic import ORDERS_AT_EHR
from tests.serving.processes import Served

Ledger = Mapping[str, Mapping[str, int]]
"""By what it is: everything that is held, each entry in JSON, with how often it is there."""

VOLATILE = ("oldest_us", "tries", "trouble", "control", "message")
"""Of a queue or a dead letter: what depends on when it is looked at, or on what came first."""

STUDY_KEYS = (
    "PatientID",
    "IssuerOfPatientID",
    "PatientName",
    "PatientBirthDate",
    "PatientSex",
    "AccessionNumber",
    "StudyInstanceUID",
    "StudyDate",
    "StudyDescription",
    "ModalitiesInStudy",
    "NumberOfStudyRelatedInstances",
)


def teach(served: Served) -> None:
    """What a system must know beforehand."""
    if served.system == "ehr":
        served.stimulate("register", {"subject": "M1", "patient": samples.PATIENT, "visit": samples.VISIT})
        for number in range(ORDERS_AT_EHR):
            placed = {"subject": f"P{number}", "patient": samples.PATIENT, "visit": samples.VISIT}
            served.stimulate("place order", {**placed, "orders": (samples.order(f"P{number}"),)})


def ledger(served: Served) -> Ledger:
    """All that the system holds."""
    return {name: Counter(map(_text, entries)) for name, entries in {**_status(served), **_answers(served)}.items()}


def difference(first: Ledger, second: Ledger) -> Sequence[str]:
    """What one of two ledgers has and the other has not."""
    lines = []
    for name in sorted({*first, *second}):
        ours, theirs = Counter(first.get(name, {})), Counter(second.get(name, {}))
        lines += [f"{name}: - {entry}" for entry in (ours - theirs).elements()]
        lines += [f"{name}: + {entry}" for entry in (theirs - ours).elements()]
    return lines


def images_on_disk(served: Served) -> Counter[str]:
    """The SOP Instance UIDs of the files in a system's archive."""
    return Counter(path.stem for path in (Path(served.said["state"]) / "archive").glob("images/*/*.dcm"))


def _text(entry: Any) -> str:
    return orjson.dumps(entry, option=orjson.OPT_SORT_KEYS).decode()


def _status(served: Served) -> Mapping[str, Any]:
    """The lists of ``--status``."""
    lists = {name: value for name, value in served.status().items() if isinstance(value, list) and name != "open_sends"}
    return {
        name: [{key: value for key, value in entry.items() if key not in VOLATILE} for entry in entries]
        for name, entries in lists.items()
    }


def _answers(served: Served) -> Mapping[str, Any]:
    """What it answers who asks for everything."""
    match served.system:
        case "ehr":
            charts = [served.stimulate("show chart", {"subject": f"P{n}"}, "chart") for n in range(ORDERS_AT_EHR)]
            return {"charts": charts}
        case "ris":
            sender = Sender(served.address("dicom")[1], "RADRIS", "CT1")
            items = sender.ask(query_for_all_keys({}, {"PatientID": ""})).items
            return {"worklist": list(map(str, items))}
        case "pacs":
            sender = Sender(served.address("dicom")[1], "RADPACS", "RADWS")
            studies = sender.ask(Find(of(dict.fromkeys(STUDY_KEYS, "")))).matches
            below = of({"SOPInstanceUID": "", "SeriesInstanceUID": "", "StudyInstanceUID": "", "SOPClassUID": ""})
            instances = sender.ask(Find(below, level="IMAGE", relational=True)).matches
            return {"studies": list(map(str, studies)), "instances": list(map(str, instances))}
        case "workstation" | "teleradiology":
            return {"images": list(images_on_disk(served).elements())}
    return {}
