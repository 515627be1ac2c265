"""Engines that cases ie.* catch."""

from pydicom.dataset import Dataset

from emulators.wire.er7 import parse
from emulators.wire.mllp import frame
from tests.conformance.data_set_mutants import DataSetMutant
from tests.conformance.mangler import Link, Mutant, Quirk


def _acknowledged(link: Link, payload: bytes) -> None:
    """To the engine a message is taken, which never arrives."""
    control_id = parse(payload).msh.component(10, 1)
    link.to_product(frame(f"MSH|^~\\&|||||||ACK|1|P|2.5.1\rMSA|AA|{control_id}\r".encode()))


class Forwards(Mutant):
    """What it sends on, changed."""

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes | None:
        return payload if to_product or not link.opened_by_product else self.forwarded(link, payload)

    def forwarded(self, link: Link, payload: bytes) -> bytes | None:
        raise NotImplementedError


class SendsAllTypesEverywhere(Mutant):
    """A report that nobody may send is taken for one of the RIS."""

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        return payload.replace(b"|WORKSTATION|", b"|RIS|", 1) if to_product and b"|ORU^R01" in payload else payload


class LeavesOutADestination(Forwards):
    """The archive hears of no patient."""

    def forwarded(self, link: Link, payload: bytes) -> bytes | None:
        head = parse(payload).msh
        if head.component(9, 1) == "ADT" and head.component(5, 1) == "PACS":
            _acknowledged(link, payload)
            return None
        return payload


class DropsZSegments(Forwards):
    def forwarded(self, link: Link, payload: bytes) -> bytes:
        return b"\r".join(line for line in payload.split(b"\r") if not line.startswith(b"Z"))


class ForgetsUnknownFields(Forwards):
    def forwarded(self, link: Link, payload: bytes) -> bytes:
        lines = payload.split(b"\r")
        return b"\r".join(b"|".join(one.split(b"|")[:40]) if one.startswith(b"PID") else one for one in lines)


class WritesEscapesOut(Forwards):
    def forwarded(self, link: Link, payload: bytes) -> bytes:
        return payload.replace(b"\\T\\", b"&")


class WritesAscii(Forwards):
    def forwarded(self, link: Link, payload: bytes) -> bytes:
        return payload.decode("ascii", "replace").replace("�", "?").encode()


class TakesRefusalsForSuccess(Mutant):
    """Its receiver's AE is AA to it, so that there is nothing to be sent again."""

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        return payload.replace(b"MSA|AE|", b"MSA|AA|", 1) if to_product and link.opened_by_product else payload


class TakesSilenceForSuccess(Mutant):
    """A message that it has sent once counts as taken, whatever its receiver says."""

    def reset(self) -> None:
        self._sent: set[str] = set()

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes | None:
        if to_product or not link.opened_by_product:
            return payload
        control_id = parse(payload).msh.component(10, 1)
        if control_id in self._sent:
            _acknowledged(link, payload)
            return None
        self._sent.add(control_id)
        return payload


class ForgetsWhenItDies(Mutant):
    """What it has taken while its receiver was away is gone."""

    def reset(self) -> None:
        self._waiting: set[str] = set()
        self._is_away = False

    def closed(self, link: Link, by_product: bool) -> bool:
        self._is_away |= link.opened_by_product and not by_product
        return True

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes | None:
        if to_product and not link.opened_by_product:
            self._waiting.add(parse(payload).msh.component(10, 1))
            return payload
        is_late = not to_product and link.opened_by_product and self._is_away
        if is_late and parse(payload).msh.component(10, 1) in self._waiting:
            _acknowledged(link, payload)
            return None
        return payload


class ForwardsTwice(Forwards):
    """Every tenth message."""

    def reset(self) -> None:
        self._count = 0

    def forwarded(self, link: Link, payload: bytes) -> bytes:
        self._count += 1
        if self._count % 10 == 0:
            link.to_tester(frame(payload))
        return payload


class LosesSome(Forwards):
    """Every hundredth message."""

    def reset(self) -> None:
        self._count = 0

    def forwarded(self, link: Link, payload: bytes) -> bytes | None:
        self._count += 1
        if self._count % 100:
            return payload
        _acknowledged(link, payload)
        return None


class SwapsTwo(Forwards):
    """The second message of a destination is held back until the fourth has gone."""

    def reset(self) -> None:
        self._seen: dict[str, list[bytes]] = {}

    def forwarded(self, link: Link, payload: bytes) -> bytes | None:
        seen = self._seen.setdefault(parse(payload).msh.component(5, 1), [])
        if payload in seen:
            return payload
        seen.append(payload)
        if len(seen) == 2:
            _acknowledged(link, payload)
            return None
        if len(seen) == 4:
            link.to_tester(frame(payload))
            return seen[1]
        return payload


class RepeatsWhatWasRefused(Mutant):
    """AE is to it what AR is."""

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        return payload.replace(b"MSA|AE|", b"MSA|AR|", 1) if to_product and link.opened_by_product else payload


class TakesRepeatsAsNew(Mutant):
    """A message that comes again has a number of its own."""

    def reset(self) -> None:
        self._count = 0

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        if not to_product or link.opened_by_product:
            return payload
        self._count += 1
        fields = payload.split(b"|")
        fields[9] = b"N%d" % self._count
        return b"|".join(fields)


class RepeatsUnderAnotherNumber(Forwards):
    """Each attempt has another MSH-10."""

    def reset(self) -> None:
        self._count = 0

    def forwarded(self, link: Link, payload: bytes) -> bytes:
        self._count += 1
        fields = payload.split(b"|")
        link.notes["number"] = fields[9]
        fields[9] = b"N%d" % self._count
        return b"|".join(fields)

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes | None:
        number = link.notes.get("number")
        if to_product and isinstance(number, bytes):
            return payload.replace(b"MSA|AA|N%d" % self._count, b"MSA|AA|" + number)
        return super().hl7(link, to_product, payload)


class NumbersStudiesAnew(DataSetMutant):
    """What it sends on is of another study."""

    command = "C-STORE-RQ"
    to_product = False

    def changed(self, link: Link, dataset: Dataset) -> Dataset:
        dataset.StudyInstanceUID = "2.25.1"
        return dataset


class GivesTheDeadUp(Mutant):
    """After the first connection that is refused it reaches nobody any more."""

    def reset(self) -> None:
        self._was_refused = False

    def opened(self, link: Link) -> None:
        if link.opened_by_product and self._was_refused:
            link.close()

    def closed(self, link: Link, by_product: bool) -> bool:
        self._was_refused |= link.opened_by_product and not by_product
        return True


MUTANTS: dict[str, Mutant | list[Mutant]] = {
    "ie.route.1": [SendsAllTypesEverywhere(), LeavesOutADestination()],
    "ie.trans.1": [DropsZSegments(), ForgetsUnknownFields(), WritesEscapesOut(), WritesAscii()],
    "ie.ack.1": [Quirk(("says_aa_but_forgets",)), TakesRefusalsForSuccess(), TakesSilenceForSuccess(), ForgetsWhenItDies()],
    "ie.store.1": [LosesSome(), ForwardsTwice(), SwapsTwo()],
    "ie.order.1": SwapsTwo(),
    "ie.dead.1": [RepeatsWhatWasRefused()],
    "ie.dicom.1": [NumbersStudiesAnew(), GivesTheDeadUp(), Quirk(("commits_what_it_lacks",))],
    "ie.dup.1": [Quirk(("takes_repeats_as_new",)), TakesRepeatsAsNew(), RepeatsUnderAnotherNumber()],
}
