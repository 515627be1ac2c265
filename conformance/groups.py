"""The groups of the catalogue: the letter, the title and the prefixes of the ids."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Group:
    letter: str
    title: str
    prefixes: tuple[str, ...]


GROUPS = (
    Group("A", "DICOM upper layer", ("dicom.ul",)),
    Group("B", "Verification and DIMSE", ("dicom.echo", "dicom.dimse")),
    Group("C", "Storage", ("dicom.store",)),
    Group("D", "Character sets and person names", ("dicom.charset",)),
    Group("E", "Storage commitment", ("dicom.stgcmt",)),
    Group("F", "Query and retrieve", ("dicom.qr",)),
    Group("G", "Performed procedure step and availability", ("dicom.mpps", "dicom.ian")),
    Group("H", "DICOMweb", ("web",)),
    Group("I", "Security, audit and time", ("sec",)),
    Group("J", "Modality worklist", ("dicom.mwl",)),
    Group("K", "Modality as sender", ("dicom.send",)),
    Group("L", "MLLP and HL7 base protocol", ("hl7.mllp", "hl7.ack", "hl7.base")),
    Group("M", "Patient administration", ("hl7.adt",)),
    Group("N", "Orders and their status", ("hl7.ord",)),
    Group("O", "Reports and their status", ("hl7.oru",)),
    Group("P", "FHIR", ("fhir",)),
    Group("Q", "Reporting and teleradiology", ("rpt",)),
    Group("R", "Interface engine and router", ("ie",)),
    Group("S", "Reconciliation", ("pir",)),
    Group("T", "End-to-end workflows", ("flow",)),
)


def is_below(case_id: str, prefix: str) -> bool:
    """Whether an id is the prefix, or begins with it and a dot."""
    return case_id == prefix or case_id.startswith(prefix + ".")


def group_of(case_id: str) -> Group:
    """Raises KeyError for an id of no group."""
    for group in GROUPS:
        if any(is_below(case_id, prefix) for prefix in group.prefixes):
            return group
    raise KeyError(case_id)
