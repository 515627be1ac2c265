"""The record of a run is complete when the run is over."""

from io import StringIO

from conformance.taps import Taps


def test_what_comes_after_the_end_is_not_recorded() -> None:
    file = StringIO()
    taps = Taps(file)
    tap = taps.open("dicom.echo.1", "dicom", "product", "pacs", "127.0.0.1:1")
    tap.sent(b"a")
    taps.end()
    before = file.getvalue()
    file.close()
    assert tap.sent(b"b") == taps.last == 2
    assert before.count("\n") == 2
