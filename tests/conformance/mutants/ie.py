"""Engines that cases ie.* catch."""

from pydicom.dataset import Dataset

from emulators.wire.er7 import parse
from emulators.wire.mllp import frame
from tests.conformance.data_set_mutants import AnotherImage
from tests.conformance.hl7_mutants import GivesUpAfterOneTry, Hears, NumbersEachAttemptAnew, RepeatsWhatWasRefused, Says, answer
from tests.conformance.mangler import Link, Mutant, Quirk


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
            link.to_product(answer(payload))
            return None
        return payload


class DropsZSegments(Forwards):
    def forwarded(self, link: Link, payload: bytes) -> bytes:
        return b"\r".join(line for line in payload.split(b"\r") if not line.startswith(b"Z"))


class ForgetsUnknownFields(Forwards):
    def forwarded(self, link: Link, payload: bytes) -> bytes:
        lines = payload.split(b"\r")
        return b"\r".join(b"|".join(one.split(b"|")[:40]) if one.startswith(b"PID") else one for one in lines)


class WritesEscapesOut(Says):
    true, said = b"\\T\\", b"&"


class WritesAscii(Forwards):
    def forwarded(self, link: Link, payload: bytes) -> bytes:
        return payload.decode("ascii", "replace").replace("�", "?").encode()


class TakesRefusalsForSuccess(Hears):
    """Its receiver's AE is AA to it, so that there is nothing to be sent again."""

    told, heard = b"MSA|AE|", b"MSA|AA|"


class TakesSilenceForSuccess(GivesUpAfterOneTry):
    """A message that it has sent once counts as taken, whatever its receiver says."""

    variant = "silent"


class ForgetsWhenItDies(Mutant):
    """What it has taken while its receiver was away is gone."""

    variant = "restart"

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
            link.to_product(answer(payload))
            return None
        return payload


class ForwardsTwice(Forwards):
    """Every tenth message; of the two acknowledgements it hears one."""

    def reset(self) -> None:
        self._count = 0

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes | None:
        is_surplus = to_product and link.notes.pop("copied", False)
        return None if is_surplus else super().hl7(link, to_product, payload)

    def forwarded(self, link: Link, payload: bytes) -> bytes:
        self._count += 1
        if self._count % 10 == 0:
            link.notes["copied"] = True
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
        link.to_product(answer(payload))
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
            link.to_product(answer(payload))
            return None
        if len(seen) == 4:
            link.to_tester(frame(payload))
            return seen[1]
        return payload


class TakesRepeatsAsNew(NumbersEachAttemptAnew):
    """A message that comes again has a number of its own."""

    to_product = True


class RepeatsUnderAnotherNumber(NumbersEachAttemptAnew):
    variant = "unanswered"


class NumbersStudiesAnew(AnotherImage):
    """What it sends on is of another study."""

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
