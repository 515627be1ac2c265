"""What the tester stores is what a product must take: whole, encodable, and in identifiers of its own."""

from collections.abc import Iterator
from contextlib import closing
from io import StringIO

import pytest

from conformance.case import MUST, READ, Case
from conformance.material.data_sets import decode, encode
from conformance.material.images import Study
from conformance.material.sop_classes import CT, MR, SHORT_NAMES, UIDS
from conformance.operator_steps import TargetOperator
from conformance.runner import Run
from conformance.taps import Taps
from conformance.target import parse_target
from conformance.trial import Trial

ENCODINGS = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99")


@pytest.fixture
def trial() -> Iterator[Trial]:
    case = Case("test.images.1", MUST, ("pacs",), "+", "", READ, "")
    target = parse_target(
        {"product": {"name": "none", "version": "0"}, "roles": {"pacs": {}}, "tester": {"peers": {}}}, "a target of this test"
    )
    run = Run(target, "pacs", Taps(StringIO()), TargetOperator({}, attended=False), 1)
    with closing(run):
        yield Trial(case, "", "pacs", target, run.taps, run.operator, {}, run)


@pytest.mark.parametrize("name", UIDS)
@pytest.mark.parametrize("transfer_syntax", ENCODINGS)
def test_an_instance_of_each_sop_class_is_read_back_as_it_was(trial: Trial, name: str, transfer_syntax: str) -> None:
    dataset = Study(trial).image(UIDS[name])
    again = decode(encode(dataset, transfer_syntax), transfer_syntax)
    assert {element.tag for element in again} == {element.tag for element in dataset}
    assert again.SOPInstanceUID == dataset.SOPInstanceUID
    assert again.get("PixelData") == dataset.get("PixelData")


@pytest.mark.parametrize("uid", SHORT_NAMES)
def test_an_instance_has_what_every_composite_object_needs(trial: Trial, uid: str) -> None:
    dataset = Study(trial).image(uid)
    needed = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "Modality", "PatientID", "PatientName")
    assert all(dataset[keyword].value for keyword in needed)


def test_instances_of_a_series_share_it_and_those_of_another_modality_do_not(trial: Trial) -> None:
    study = Study(trial)
    first, second, other = study.image(CT), study.image(CT), study.image(MR)
    assert first.SeriesInstanceUID == second.SeriesInstanceUID == study.series_uid(1, CT)
    assert other.SeriesInstanceUID != first.SeriesInstanceUID
    assert len({first.SOPInstanceUID, second.SOPInstanceUID, other.SOPInstanceUID}) == 3
    assert {one.StudyInstanceUID for one in (first, second, other)} == {study.uid}


def test_what_a_case_says_otherwise_stands_in_the_instance(trial: Trial) -> None:
    study = Study(trial, PatientName="Moss^Rita")
    dataset = study.image(CT, StudyDescription=None, BodyPartExamined="HEAD")
    assert dataset.PatientName == "Moss^Rita"
    assert dataset.BodyPartExamined == "HEAD"
    assert "StudyDescription" not in dataset
