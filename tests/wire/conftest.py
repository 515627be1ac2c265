"""The relay that its tests are given, between two ends that speak MLLP, and two that speak DICOM."""

from collections.abc import Iterator

import pytest

from tests.wire.relay_bench import DICOM, MLLP, Bench


@pytest.fixture(params=[MLLP, DICOM], ids=["mllp", "dicom"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    made = Bench(request.param)
    yield made
    made.close()
