"""The target file: a product, the roles it plays, what it claims, and where the tester's own systems stand for it.

Frozen, complete or refused: an error names the file and the key. ``radloop certify init`` writes a first draft.
"""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from conformance.case import Role
from emulators.core.errors import ConfigError

PortNumber = Annotated[int, Field(ge=1, le=65_535)]
_TITLE = r"^[\x21-\x5b\x5d-\x7e]+( [\x21-\x5b\x5d-\x7e]+)*$"
Title = Annotated[str, StringConstraints(min_length=1, max_length=16, pattern=_TITLE)]
Uid = Annotated[str, StringConstraints(max_length=64, pattern=r"^[0-9]+(\.[0-9]+)*$")]
Route = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3} from [a-z]+ to [a-z]+( [a-z]+)*$")]
Limit = Annotated[float, Field(gt=0, le=86_400)]

Service = Literal[
    "storage",  # C-STORE as SCP
    "query",  # Q/R C-FIND as SCP
    "move",  # C-MOVE as SCP
    "get",  # C-GET as SCP
    "commitment",  # storage commitment: as SCP (pacs), as SCU (modality)
    "performed_step",  # MPPS: as SCP (ris, pacs), as SCU (modality)
    "performed_step_forwarding",  # PPS manager
    "worklist",  # MWL: as SCP (ris), as SCU (modality)
    "availability",  # IAN as SCU
    "rejection_notes",  # of IOCM, received
    "sending",  # C-STORE as SCU
    "retrieving",  # Q/R as SCU
    "user_identity",
    "adt",  # received
    "adt_sending",
    "orders",  # received
    "orders_sending",
    "order_status",  # received
    "order_status_sending",
    "reports",  # ORU, received
    "reports_sending",
    "enhanced_acknowledgement",
    "appointments",  # SIU
    "omg",  # OMG^O19
    "omi",  # OMI^O23
    "dicom_routing",
]

PeerName = Literal["ehr", "engine", "ris", "pacs", "modality", "workstation", "teleradiology"]


class Section(BaseModel):
    """Base of every section: frozen, and a key it does not know is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Product(Section):
    name: str
    version: str
    vendor: str = ""


class Endpoint(Section):
    """A system's address; ``application`` is what it calls itself in MSH-3, ``facility`` in MSH-4."""

    host: str = "127.0.0.1"
    dicom_port: PortNumber | None = None
    ae_title: Title | None = None
    mllp_port: PortNumber | None = None
    application: str = ""
    facility: str = ""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.dicom_port is None) is not (self.ae_title is None):
            raise ValueError("dicom_port, ae_title: give both or neither")
        return self

    @property
    def dicom(self) -> tuple[str, int]:
        """Raises AssertionError where there is none: a case needs a claim that the file was checked for."""
        assert self.dicom_port is not None
        return self.host, self.dicom_port

    @property
    def mllp(self) -> tuple[str, int]:
        """As ``dicom``."""
        assert self.mllp_port is not None
        return self.host, self.mllp_port

    @property
    def title(self) -> str:
        assert self.ae_title is not None
        return self.ae_title


class Claims(Section):
    """What the product says it can do. A case about anything else is not applicable."""

    services: tuple[Service, ...] = ()
    sop_classes: tuple[Uid, ...] = ()  # storage
    transfer_syntaxes: tuple[Uid, ...] = ()
    uid_roots: tuple[Uid, ...] = ()  # of the instances that the product makes
    character_sets: tuple[str, ...] = ()  # DICOM defined terms beyond the default repertoire
    hl7_character_sets: tuple[str, ...] = ()  # terms of table 0211
    query_models: tuple[Literal["patient", "study"], ...] = ()
    matching_keys: tuple[str, ...] = ()  # keywords of optional keys that match
    hl7_versions: tuple[str, ...] = ()
    procedure_of_two_steps: str = ""  # OBR-4.1 of an order that becomes two scheduled steps
    routes: tuple[Route, ...] = ()  # of an engine: "ADT from ehr to ris pacs"
    image_destinations: tuple[PeerName, ...] = ()  # of a router: to whom it sends the studies that come from the modality
    routed_body_part: str = ""  # Body Part Examined of a study that goes there; empty: any


class Policies(Section):
    """What the product does where the standards leave a choice; a case checks that it does so."""

    unknown_calling_ae_title: Literal["refuse", "accept"] = "accept"
    duplicate_sop_instance: Literal["keep_first", "replace", "refuse"] = "keep_first"
    unindexable: Literal["refuse", "quarantine"] = "refuse"
    coercions: tuple[str, ...] = ()  # keywords of attributes that the product changes in what it stores
    retrieved_header: Literal["stored", "current"] = "stored"  # after an update or merge: as it came, or as it is known now
    merge_effect: Literal["move", "link"] = "move"
    merged_id_message: Literal["refuse", "map"] = "refuse"
    unknown_patient_update: Literal["create", "refuse"] = "create"
    unknown_patient_order: Literal["create", "refuse"] = "create"
    worklist_after_start: Literal["remove", "flag"] = "remove"
    worklist_after_discontinued: Literal["offer", "remove"] = "offer"
    worklist_after_wrong_entry: Literal["offer", "remove"] = "offer"  # DISCONTINUED with 110514
    cancelled_order_images: Literal["hold", "show"] = "hold"
    mismatched_images: Literal["hold", "show"] = "hold"
    wrong_entry_images: Literal["hide", "show"] = "hide"  # after DISCONTINUED with 110514
    long_accession: Literal["refuse", "map"] = "refuse"
    duplicate_message: Literal["aa_no_effect", "ae"] = "aa_no_effect"
    duplicate_message_other_content: Literal["aa_no_effect", "ae", "applied"] = "ae"
    compatible_later_version: Literal["accept", "refuse"] = "accept"
    time_zone: str = ""  # of its wall times, such as Europe/Berlin
    processing_id: Literal["P", "T", "D"] = "P"
    unknown_order_report: Literal["keep", "refuse"] = "refuse"
    unknown_status: Literal["refuse", "not_final"] = "refuse"
    wrong_patient_report: Literal["refuse", "hold"] = "refuse"
    failed_step_start: Literal["again", "give_up"] = "again"  # of a modality whose N-CREATE is answered 0110H
    grouped_accession: Literal["empty", "first"] = "empty"
    failed_message: Literal["blocks_patient", "passes"] = "passes"  # of an engine: after AE, who waits behind it
    repeated_message: Literal["drop", "pass"] = "drop"  # of an engine: the same MSH-10 and content again
    changed_fields: tuple[str, ...] = ("MSH-3", "MSH-4", "MSH-5", "MSH-6")  # of an engine, in what it passes on: "MSH-3"
    over_broad_query: Literal["complete", "limit"] = "complete"

    @property
    def changed_in_store(self) -> tuple[str, ...]:
        """``coercions``, and with them the sequence that says what was there before (PS3.3 C.12.1.1.9)."""
        return (*self.coercions, "OriginalAttributesSequence") if self.coercions else ()


class Limits(Section):
    associations: int | None = Field(default=None, ge=1)  # at once; None: none that is declared
    long_list: int = Field(default=520, ge=50)  # studies that are stored for a list that is cancelled or over-broad
    worklist_entries: int = Field(default=2000, ge=1)  # of a full day
    attempts_per_minute: int = Field(default=30, ge=1)  # of a sender whose receiver does not answer
    instance_bytes: int = Field(default=16 << 20, ge=1 << 20)  # the pixels of the largest image that the tester sends
    instances_per_association: int = Field(default=3000, ge=20)


class Timers(Section):
    """How long the tester waits, and what the product declares; seconds."""

    association_s: Limit = 10.0
    dimse_s: Limit = 30.0
    artim_s: Limit = 60.0  # declared: an idle or finished connection is closed
    network_s: Limit = 60.0  # declared: a peer that stalls inside a PDU is given up
    acknowledgement_s: Limit = 10.0
    index_s: Limit = 30.0
    propagation_s: Limit = 60.0
    commitment_s: Limit = 300.0
    query_s: Limit = 5.0  # declared: a busy product answers 95 of 100 queries within it
    retry_s: Limit = 60.0  # declared: a sender tries again
    sender_waits_s: Limit = 30.0  # declared: a sender waits so long for an acknowledgement
    retrieval_s: Limit = 60.0  # declared: what a C-MOVE did not bring is asked for again
    quiet_s: Limit = 5.0  # how long nothing must come to call it nothing


class Waiver(Section):
    """A known deviation: printed on the certificate, with its reason."""

    case: str
    reason: Annotated[str, StringConstraints(min_length=1)]


class Step(Section):
    """What an operator does: a command, whose words may hold ``{keys}``, or a prompt for a person."""

    command: tuple[str, ...] = ()
    prompt: str = ""

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if bool(self.command) is bool(self.prompt):
            raise ValueError("give command or prompt")
        return self


class RoleTarget(Endpoint):
    """The product in one role."""

    claims: Claims = Claims()
    policies: Policies = Policies()
    limits: Limits = Limits()


class Tester(Section):
    """Where the tester's systems listen: what is entered in the product as its neighbours."""

    peers: dict[PeerName, Endpoint]


class Target(Section):
    product: Product
    roles: dict[Role, RoleTarget]
    tester: Tester
    timers: Timers = Timers()
    waivers: tuple[Waiver, ...] = ()
    operator: dict[str, Step] = {}


def load_target(path: Path) -> Target:
    """Read a target file. Raises ConfigError: not found, not TOML, or a wrong or missing key."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not TOML: {error}") from None
    return parse_target(data, str(path))


def parse_target(data: dict[str, Any], source: str) -> Target:
    """Check plain data; ``source`` names where it came from. Raises ConfigError."""
    try:
        return Target.model_validate(data)
    except ValidationError as error:
        complaints = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise ConfigError(f"{source}: {complaints}") from None


def the_role(target: Target, asked: Role | None, source: str) -> Role:
    """The role to judge: the one that was asked for, or the only one. Raises ConfigError."""
    if asked is None:
        if len(target.roles) != 1:
            raise ConfigError(f"{source}: --role: which one? It plays {', '.join(target.roles) or 'none'}")
        return next(iter(target.roles))
    if asked not in target.roles:
        raise ConfigError(f"{source}: roles.{asked}: missing; it plays {', '.join(target.roles) or 'none'}")
    return asked
