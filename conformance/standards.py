"""The editions of the standards that the clauses of the cases are numbered by."""

EDITIONS = {
    "PS3": "DICOM 2020c",
    "HL7": "HL7 v2.9.1 (v2.5.1 where the clause says so)",
    "ITI": "IHE ITI TF rev. 20",
    "RAD": "IHE RAD TF, by secondary sources",
    "MLLP": "HL7 MLLP release 1",
    "FHIR": "FHIR R4",
    "v2-to-FHIR": "HL7 v2-to-FHIR, October 2025",
}


def edition_of(clause: str) -> str:
    """The editions of the standards that a clause names; empty where it names none."""
    return "; ".join(edition for standard, edition in EDITIONS.items() if standard in clause)
