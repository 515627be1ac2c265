"""A message of a megabyte is read, or refused, in the time of a megabyte, however it is divided."""

import time
from contextlib import suppress
from typing import Any

import pytest

from emulators.codecs.hl7v2 import Rejection
from emulators.codecs.hl7v2.fields import REPETITIONS_MAX
from tests.codecs.hl7_golden import changed
from tests.codecs.hl7_samples import codec

MANY = 150_000
LIMIT_S = 20.0  # of this thread's own time, where quadratic time is many minutes

LONG = {
    "components": changed("UpdatePatient", ("Doe^", "Doe\\E\\^" + "^" * MANY)),
    "names": changed("UpdatePatient", ("Doe^", "Doe~" * MANY + "^")),
    "identifiers": changed("UpdatePatient", ("|MRN-1^", "|MRN-1" + "~1" * MANY + "^")),
    "lines of a report": changed("Report", ("|TX|", "|TX|18748-4^^LN||" + "~x" * MANY + "||||||F\rOBX|9|TX|")),
    "switches without a way back": changed(
        "UpdatePatient", ("2.5.1\r", "2.5.1||||||ISO IR87\r"), ("Doe^", "\\M2442\\" * MANY + "^")
    ),
}


@pytest.mark.parametrize("case", LONG)
def test_a_long_field_is_read_in_linear_time(case: str) -> None:
    began_s = time.thread_time()
    with suppress(Rejection):  # a name may be too long for anybody
        codec("2.5.1").decode(LONG[case])
    assert time.thread_time() - began_s < LIMIT_S


@pytest.mark.parametrize(("repetitions", "is_seen"), [(REPETITIONS_MAX, True), (REPETITIONS_MAX + 1, False)])
def test_of_the_repetitions_of_names_and_identifiers_the_first_hundred_are_looked_at(repetitions: int, is_seen: bool) -> None:
    """A million of them, at some microseconds each, would hold up every other message of the system for seconds."""
    others = "~1" * (repetitions - 2)
    names: Any = codec("2.5.1").decode(changed("UpdatePatient", ("Doe^", f"Doe{others}~Yamada^Tarou^^^^^L^I~Doe^")))
    assert bool(names.patient.name.ideographic) is is_seen
    numbers: Any = codec("2.5.1").decode(changed("UpdatePatient", ("|MRN-1^", f"|1{others}~MRN-2^^^^MR~MRN-1^")))
    assert (numbers.patient.patient_id == "MRN-2") is is_seen
