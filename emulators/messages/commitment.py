"""Storage commitment: lane ``commitment``, N-ACTION and N-EVENT-REPORT (PS3.4 Annex J, RAD-10), each answered by a Status."""

from dataclasses import dataclass
from typing import ClassVar

from emulators.core.errors import LocalProtocolError
from emulators.messages import canonical
from emulators.messages.instance_set import NO_INSTANCES, InstanceSet


@dataclass(frozen=True, slots=True)
class Referenced:
    """Instances of one SOP class; of those that failed also why (PS3.3 C.14.1.1), 0 for those that did not."""

    sop_class_uid: str
    instances: InstanceSet
    failure_reason: int = 0

    def __post_init__(self) -> None:
        canonical.uid(self.sop_class_uid, "sop_class_uid")


def _all_instances(references: tuple[Referenced, ...]) -> InstanceSet:
    found = NO_INSTANCES
    for reference in references:
        found = found.union(reference.instances)
    return found


@dataclass(frozen=True, slots=True)
class CommitRequest:
    """Storage commitment N-ACTION (PS3.4 J.3.2, RAD-10); the answer is a Status, the verdict a CommitResult of its own."""

    transaction_uid: str
    references: tuple[Referenced, ...]

    lane: ClassVar[str] = "commitment"

    def __post_init__(self) -> None:
        canonical.uid(self.transaction_uid, "transaction_uid")

    @property
    def instances(self) -> InstanceSet:
        """All that is referenced."""
        return _all_instances(self.references)

    @property
    def nominal_bytes(self) -> int:
        return 200 + 130 * sum(len(reference.instances) for reference in self.references)

    @property
    def subject(self) -> str:
        return self.transaction_uid

    @property
    def identifiers(self) -> dict[str, str]:
        return {"transaction": self.transaction_uid}


@dataclass(frozen=True, slots=True)
class CommitResult:
    """Storage commitment N-EVENT-REPORT: event type 1 when nothing failed, else 2 (PS3.4 J.3.3)."""

    transaction_uid: str
    committed: tuple[Referenced, ...]
    failed: tuple[Referenced, ...] = ()

    lane: ClassVar[str] = "commitment"

    def __post_init__(self) -> None:
        canonical.uid(self.transaction_uid, "transaction_uid")
        if not all(reference.failure_reason for reference in self.failed):
            raise LocalProtocolError("failed: without a failure reason")

    @property
    def committed_instances(self) -> InstanceSet:
        """All that may be deleted by who asked."""
        return _all_instances(self.committed)

    @property
    def nominal_bytes(self) -> int:
        return 200 + 130 * sum(len(reference.instances) for reference in (*self.committed, *self.failed))

    @property
    def subject(self) -> str:
        return self.transaction_uid

    @property
    def identifiers(self) -> dict[str, str]:
        return {"transaction": self.transaction_uid}
