"""How long systems wait can be said in the site file; left out, it is what it always was."""

from dataclasses import dataclass
from typing import Any

import pytest

from emulators.core.effect import SetTimer
from emulators.core.event import Outcome, OutcomeKind
from emulators.core.instant import SECOND
from emulators.messages.commitment import CommitRequest, CommitResult, Referenced
from emulators.messages.common import SUCCESS, Code
from emulators.messages.imaging import StoreResult, StoreStudy
from emulators.site import actors
from emulators.site_settings import SiteSettings
from tests.actors.samples import CLOCK, CT_IMAGE_STORAGE, HEADER, PATIENT, ask, images, only_send, stored, tell, timers, touch
from tests.clinic import scenario


@dataclass(frozen=True)
class CtImages:
    def sop_class_uid(self, modality: str) -> str:
        return CT_IMAGE_STORAGE

    def nominal_bytes(self, modality: str) -> int:
        return 1_000


def made(system: str, **site: Any) -> Any:
    """A system of the clinic, with these settings of its site."""
    settings: SiteSettings = scenario(site).site
    protocols: dict[str, tuple[Code, ...]] = {}
    return actors(settings, CtImages(), protocols, CLOCK)[system]()


@pytest.mark.parametrize(("site", "expected_s"), [({}, 60), ({"quiet_s": 2}, 2)])
def test_the_archive_waits_for_a_study_without_steps(site: dict[str, Any], expected_s: int) -> None:
    pacs = made("pacs", availability=["ris"], **site)
    ask(pacs, HEADER, "ct1")
    (quiet,) = timers(tell(pacs, stored(images(1, 4))))
    assert quiet.at == expected_s * SECOND


@pytest.mark.parametrize(
    ("site", "commitment_s", "resend_s"),
    [({}, 600, 60), ({"commitment": {"result_limit_s": 20, "resend_after_s": 0.5}}, 20, 0.5)],
)
def test_a_scanner_waits_for_a_commitment_and_before_it_sends_again(
    site: dict[str, Any], commitment_s: int, resend_s: float
) -> None:
    scanner = made("ct1", **site)
    typed: dict[str, Any] = {"patient": PATIENT, "accession": "A1", "modality": "CT", "description": "", "body_part": ""}
    touch(scanner, "start unscheduled", subject="E1", **typed)
    store = only_send(touch(scanner, "images acquired", subject="E1", instances=2), StoreStudy)
    result = StoreResult(stored=store.message.instances)
    effects = scanner.handle(Outcome(store.key, OutcomeKind.ANSWERED, result), 0)
    assert [effect.at for effect in effects if isinstance(effect, SetTimer)] == [commitment_s * SECOND]
    request = only_send(effects, CommitRequest).message
    failed = Referenced(CT_IMAGE_STORAGE, store.message.instances, 0x0110)
    status, effects = ask(scanner, CommitResult(request.transaction_uid, (), (failed,)), "pacs")
    assert status == SUCCESS
    assert [timer.at for timer in timers(effects)] == [resend_s * SECOND]
