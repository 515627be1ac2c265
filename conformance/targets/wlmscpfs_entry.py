"""Writes one worklist entry as a file for wlmscpfs, by DCMTK's dump2dcm; the operator step "schedule step" of wlmscpfs.toml.

KEYWORD=VALUE for each attribute; the folder stands in WORKLIST_FOLDER. Type 1 and 2 attributes of PS3.4 Table K.6-1 that are
not given are empty.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

CHARACTER_SET = "ISO_IR 100"
ENTRY = {
    "AccessionNumber": "(0008,0050) SH",
    "ReferringPhysicianName": "(0008,0090) PN",
    "PatientName": "(0010,0010) PN",
    "PatientID": "(0010,0020) LO",
    "PatientBirthDate": "(0010,0030) DA",
    "PatientSex": "(0010,0040) CS",
    "PatientWeight": "(0010,1030) DS",
    "MedicalAlerts": "(0010,2000) LO",
    "Allergies": "(0010,2110) LO",
    "PregnancyStatus": "(0010,21c0) US",
    "StudyInstanceUID": "(0020,000d) UI",
    "RequestingPhysician": "(0032,1032) PN",
    "RequestedProcedureDescription": "(0032,1060) LO",
    "AdmissionID": "(0038,0010) LO",
    "SpecialNeeds": "(0038,0050) LO",
    "CurrentPatientLocation": "(0038,0300) LO",
    "PatientState": "(0038,0500) LO",
}
STEP = {
    "Modality": "(0008,0060) CS",
    "ScheduledStationAETitle": "(0040,0001) AE",
    "ScheduledProcedureStepStartDate": "(0040,0002) DA",
    "ScheduledProcedureStepStartTime": "(0040,0003) TM",
    "ScheduledPerformingPhysicianName": "(0040,0006) PN",
    "ScheduledProcedureStepDescription": "(0040,0007) LO",
    "ScheduledProcedureStepID": "(0040,0009) SH",
    "ScheduledStationName": "(0040,0010) SH",
    "ScheduledProcedureStepLocation": "(0040,0011) SH",
}
PROCEDURE = {
    "RequestedProcedureID": "(0040,1001) SH",
    "RequestedProcedurePriority": "(0040,1003) SH",
    "PatientTransportArrangements": "(0040,1004) LO",
    "ConfidentialityConstraintOnPatientDataDescription": "(0040,3001) LO",
}


def dump(values: dict[str, str]) -> str:
    """The entry as the text that dump2dcm reads."""
    lines = [f"(0008,0005) CS [{CHARACTER_SET}]", *_lines(ENTRY, values)]
    lines += ["(0040,0100) SQ", "(fffe,e000) na", *_lines(STEP, values), "(fffe,e00d) na", "(fffe,e0dd) na"]
    return "\n".join([*lines, *_lines(PROCEDURE, values), ""])


def _lines(attributes: dict[str, str], values: dict[str, str]) -> list[str]:
    return [f"{named} [{values[keyword]}]" if values.get(keyword) else named for keyword, named in attributes.items()]


def main(words: list[str]) -> int:
    """The file has its name when it is whole: wlmscpfs reads what ends with .wl."""
    values = dict(word.split("=", 1) for word in words)
    folder = Path(os.environ["WORKLIST_FOLDER"])
    with tempfile.NamedTemporaryFile("w", encoding="latin-1", suffix=".dump") as text:
        text.write(dump(values))
        text.flush()
        entry = folder / f"{values['ScheduledProcedureStepID']}.wl"
        unfinished = entry.with_suffix(".part")
        subprocess.run(["dump2dcm", "-q", "+te", text.name, unfinished], check=True)
        unfinished.rename(entry)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
