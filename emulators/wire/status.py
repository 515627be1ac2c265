"""DIMSE status codes: their classes and meanings (PS3.7 Annex C; PS3.4 B.2.3, C.4.1.1.4, C.4.2.1.5, C.4.3.1.4, J.3)."""

from typing import Literal

StatusClass = Literal["success", "pending", "cancel", "warning", "failure"]

SUCCESS = 0x0000
CANCEL = 0xFE00
PENDING = 0xFF00
PENDING_WITH_UNSUPPORTED_KEYS = 0xFF01

CLASS_INSTANCE_CONFLICT = 0x0119
DUPLICATE_INVOCATION = 0x0210
DUPLICATE_SOP_INSTANCE = 0x0111
INVALID_ARGUMENT_VALUE = 0x0115
INVALID_ATTRIBUTE_VALUE = 0x0106
INVALID_OBJECT_INSTANCE = 0x0117
MISSING_ATTRIBUTE = 0x0120
MISSING_ATTRIBUTE_VALUE = 0x0121
MISTYPED_ARGUMENT = 0x0212
NO_SUCH_ACTION = 0x0123
NO_SUCH_ATTRIBUTE = 0x0105
NO_SUCH_EVENT_TYPE = 0x0113
NO_SUCH_SOP_CLASS = 0x0118
NO_SUCH_SOP_INSTANCE = 0x0112
NOT_AUTHORIZED = 0x0124
PROCESSING_FAILURE = 0x0110
RESOURCE_LIMITATION = 0x0213
SOP_CLASS_NOT_SUPPORTED = 0x0122
UNRECOGNIZED_OPERATION = 0x0211

OUT_OF_RESOURCES = 0xA700
OUT_OF_RESOURCES_MATCHES = 0xA701
OUT_OF_RESOURCES_SUB_OPERATIONS = 0xA702
MOVE_DESTINATION_UNKNOWN = 0xA801
DATA_SET_DOES_NOT_MATCH_SOP_CLASS = 0xA900
CANNOT_UNDERSTAND = 0xC000
COERCION_OF_DATA_ELEMENTS = WITH_FAILURES_OR_WARNINGS = 0xB000  # of a C-STORE; of a C-MOVE or C-GET
ELEMENTS_DISCARDED = 0xB006
DATA_SET_DOES_NOT_MATCH_WARNING = 0xB007

MEANINGS = {
    SUCCESS: "success",
    0x0001: "warning: requested optional attributes are not supported",
    NO_SUCH_ATTRIBUTE: "no such attribute",
    INVALID_ATTRIBUTE_VALUE: "invalid attribute value",
    0x0107: "attribute list error",
    PROCESSING_FAILURE: "processing failure",
    DUPLICATE_SOP_INSTANCE: "duplicate SOP instance",
    NO_SUCH_SOP_INSTANCE: "no such SOP instance",
    NO_SUCH_EVENT_TYPE: "no such event type",
    0x0114: "no such argument",
    INVALID_ARGUMENT_VALUE: "invalid argument value",
    0x0116: "attribute value out of range",
    INVALID_OBJECT_INSTANCE: "invalid SOP instance",
    NO_SUCH_SOP_CLASS: "no such SOP class",
    CLASS_INSTANCE_CONFLICT: "class-instance conflict",
    MISSING_ATTRIBUTE: "missing attribute",
    MISSING_ATTRIBUTE_VALUE: "missing attribute value",
    SOP_CLASS_NOT_SUPPORTED: "refused: SOP class not supported",
    NO_SUCH_ACTION: "no such action type",
    NOT_AUTHORIZED: "refused: not authorized",
    DUPLICATE_INVOCATION: "duplicate invocation",
    UNRECOGNIZED_OPERATION: "unrecognized operation",
    MISTYPED_ARGUMENT: "mistyped argument",
    RESOURCE_LIMITATION: "resource limitation",
    OUT_OF_RESOURCES: "refused: out of resources",
    OUT_OF_RESOURCES_MATCHES: "refused: out of resources, unable to calculate number of matches",
    OUT_OF_RESOURCES_SUB_OPERATIONS: "refused: out of resources, unable to perform sub-operations",
    MOVE_DESTINATION_UNKNOWN: "refused: move destination unknown",
    DATA_SET_DOES_NOT_MATCH_SOP_CLASS: "error: data set or identifier does not match SOP class",
    COERCION_OF_DATA_ELEMENTS: "warning: coercion of data elements, or sub-operations complete with failures or warnings",
    ELEMENTS_DISCARDED: "warning: elements discarded",
    DATA_SET_DOES_NOT_MATCH_WARNING: "warning: data set does not match SOP class",
    CANNOT_UNDERSTAND: "error: cannot understand, or unable to process",
    CANCEL: "cancelled",
    PENDING: "pending",
    PENDING_WITH_UNSUPPORTED_KEYS: "pending: one or more optional keys were not supported",
}


def status_class(status: int) -> StatusClass:
    """The class of a status code, known or not (PS3.7 Annex C)."""
    if status == SUCCESS:
        return "success"
    if status in (PENDING, PENDING_WITH_UNSUPPORTED_KEYS):
        return "pending"
    if status == CANCEL:
        return "cancel"
    if status in (0x0001, 0x0107, 0x0116) or status >> 12 == 0xB:
        return "warning"
    return "failure"


def status_meaning(status: int) -> str:
    """The code in hexadecimal, with its meaning or else its class; A7xx, A9xx and Cxxx are ranges of one meaning."""
    meaning = MEANINGS.get(status)
    if meaning is None and status >> 12 == 0xC:
        meaning = MEANINGS[CANNOT_UNDERSTAND]
    if meaning is None and status >> 8 in (0xA7, 0xA9):
        meaning = MEANINGS[status & 0xFF00]
    return f"{status:04X}H {meaning or status_class(status)}"
