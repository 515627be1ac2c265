"""What our emulators claim, and what they do where the standards leave a choice (docs/declared_behaviour.md)."""

from collections.abc import Mapping
from typing import Any

from conformance.case import Role
from emulators.codecs.dicom.uids import ACCEPTED_STORAGE, IMAGE_TRANSFER_SYNTAXES

TIMERS: Mapping[str, float] = {
    "association_s": 10,
    "dimse_s": 10,
    "artim_s": 3,
    "network_s": 8,
    "acknowledgement_s": 5,
    "index_s": 5,
    "propagation_s": 5,
    "commitment_s": 10,
    "query_s": 5,
    "retry_s": 3,
    "sender_waits_s": 2,
    "retrieval_s": 20,
    "quiet_s": 1,
}

ASSOCIATIONS_MAX = 24
ROUTED_BODY_PART = "ROUTED"
"""What the archive sends on; no other case has it."""

_CHARACTER_SETS = ["ISO_IR 100", "ISO_IR 144", "ISO_IR 166", "ISO_IR 192", "GB18030", "ISO 2022 IR 149", "ISO 2022 IR 87"]
_HL7_CHARACTER_SETS = ["8859/1", "UNICODE UTF-8", "GB 18030-2000", "ISO IR87"]

CLAIMS: Mapping[Role, Mapping[str, Any]] = {
    "pacs": {
        "services": [
            "storage",
            "query",
            "move",
            "get",
            "commitment",
            "performed_step",
            "availability",
            "rejection_notes",
            "adt",
            "orders",
            "reports",
            "user_identity",
            "enhanced_acknowledgement",
            "omi",
            "dicom_routing",
        ],
        "sop_classes": list(ACCEPTED_STORAGE),
        "transfer_syntaxes": list(IMAGE_TRANSFER_SYNTAXES),
        "character_sets": _CHARACTER_SETS,
        "hl7_character_sets": _HL7_CHARACTER_SETS,
        "query_models": ["patient", "study"],
        "image_destinations": ["workstation", "teleradiology"],
        "routed_body_part": ROUTED_BODY_PART,
        "hl7_versions": ["2.5.1", "2.3.1"],
    },
    "ris": {
        "services": [
            "worklist",
            "performed_step",
            "performed_step_forwarding",
            "adt",
            "orders",
            "orders_sending",
            "order_status_sending",
            "reports",
            "reports_sending",
            "enhanced_acknowledgement",
            "omg",
            "omi",
        ],
        "character_sets": _CHARACTER_SETS,
        "hl7_character_sets": _HL7_CHARACTER_SETS,
        "hl7_versions": ["2.5.1", "2.3.1"],
        "procedure_of_two_steps": "TWOSTEPS",
    },
    "modality": {
        "services": ["worklist", "performed_step", "commitment", "sending"],
        "uid_roots": ["2.25"],
        "character_sets": _CHARACTER_SETS,
    },
    "ehr": {
        "services": ["adt_sending", "orders_sending", "order_status", "reports", "enhanced_acknowledgement", "omg"],
        "hl7_character_sets": _HL7_CHARACTER_SETS,
        "hl7_versions": ["2.5.1", "2.3.1"],
    },
    "reporting": {
        "services": ["retrieving", "orders", "reports_sending", "enhanced_acknowledgement", "omi"],
        "character_sets": _CHARACTER_SETS,
        "hl7_character_sets": _HL7_CHARACTER_SETS,
        "hl7_versions": ["2.5.1", "2.3.1"],
    },
    "engine": {
        "services": ["adt", "orders", "reports", "order_status", "enhanced_acknowledgement"],
        "hl7_character_sets": _HL7_CHARACTER_SETS,
        "hl7_versions": ["2.5.1", "2.3.1"],
        "routes": ["ADT from ehr to ris pacs", "ORM from ehr to ris", "ORM from ris to ehr", "ORU from ris to ehr pacs"],
    },
}

POLICIES: Mapping[Role, Mapping[str, str | list[str]]] = {
    "pacs": {
        "unknown_calling_ae_title": "refuse",
        "duplicate_sop_instance": "refuse",
        "unknown_order_report": "keep",
        "coercions": ["IssuerOfPatientID"],
        "retrieved_header": "current",
        "merged_id_message": "map",
    },
    "ris": {
        "unknown_calling_ae_title": "refuse",
        "long_accession": "map",
        "merged_id_message": "map",
        "time_zone": "Europe/Berlin",
        "worklist_after_discontinued": "remove",
    },
    "modality": {"unknown_calling_ae_title": "refuse", "failed_step_start": "give_up"},
    "reporting": {"unknown_calling_ae_title": "refuse"},
    "engine": {
        "unknown_order_report": "keep",
        "changed_fields": ["MSH-3", "MSH-4", "MSH-5", "MSH-6", "MSH-15", "MSH-16"],
    },
}

LIMITS: Mapping[Role, Mapping[str, int]] = {
    "pacs": {"associations": ASSOCIATIONS_MAX, "instances_per_association": 1000},
    "ris": {"associations": ASSOCIATIONS_MAX, "worklist_entries": 100},
    "modality": {"associations": ASSOCIATIONS_MAX, "attempts_per_minute": 120},
    "reporting": {"associations": ASSOCIATIONS_MAX},
}

SITE: Mapping[Role, str] = {"pacs": 'default_issuer = "RADLOOP"'}
"""What stands in the [site] section for it."""
