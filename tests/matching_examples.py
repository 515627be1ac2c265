"""Examples of matching (PS3.4 C.2.2.2, K.6-1): one stored value, one key, and what the standard says of the two.

Two matchers are held to them that share no code: that of the actors (tests/actors/test_matching.py), which says yes or no, and
the oracle of the tester (tests/conformance/test_matching.py), which also knows what is left to a product.
"""

from collections.abc import Sequence
from enum import Enum

Example = tuple[str, str, str, "Said"]
"""Keyword, stored value, key."""


class Said(Enum):
    """Whether the value matches the key; where that is left to the product, what our systems say."""

    YES = "yes"
    NO = "no"
    LEFT_YES = "left to the product, ours say yes"
    LEFT_NO = "left to the product, ours say no"

    @property
    def by_ours(self) -> bool:
        return self in (Said.YES, Said.LEFT_YES)


YES, NO, LEFT_YES, LEFT_NO = Said

# C.2.2.2.1: whole, with case. C.2.2.2.4: any sequence of characters, a zero length sequence too, and any single one.
TEXT: Sequence[Example] = (
    ("AccessionNumber", "A1", "A1", YES),
    ("AccessionNumber", "A1", "a1", NO),
    ("AccessionNumber", "A1", "A", NO),
    ("AccessionNumber", "A1", "A*", YES),
    ("AccessionNumber", "A1", "*A1*", YES),
    ("AccessionNumber", "A1", "A?", YES),
    ("AccessionNumber", "A1", "A??", NO),
    ("AccessionNumber", "A[1]", "A[1]", YES),
    ("AccessionNumber", "A1", "A[1]", NO),
    ("AccessionNumber", "A[12]", "A[1*", YES),
    ("AccessionNumber", "!A", "[!B]A", NO),
    ("AccessionNumber", "ABC", "A.C", NO),
    ("AccessionNumber", "123", "000123", NO),
    ("PatientID", "000123", "123", NO),
    ("PatientID", "123", "000123", NO),
    ("Modality", "CT", "CT", YES),
    ("Modality", "CT", "C?", YES),
    ("StudyDescription", "ABC", "abc", NO),
    ("StudyDescription", "A", "A*", YES),
    ("StudyDescription", "[A]B", "[A]*", YES),
    ("PatientComments", "one\ntwo", "one*two", YES),
)

# In these VRs ``*`` and ``?`` are characters.
UIDS_AND_NUMBERS: Sequence[Example] = (
    ("StudyInstanceUID", "1.2.3", "1.2.3", YES),
    ("StudyInstanceUID", "1.2.3", "1.2.*", NO),
    ("StudyInstanceUID", "1.2.3", "1.2*", NO),
    ("PatientWeight", "70", "7?", NO),
    ("NumberOfStudyRelatedInstances", "12", "1*", NO),
    ("NumberOfStudyRelatedInstances", "15", "5", NO),
    ("PregnancyStatus", "4", "4", YES),
)

YAMADA = "Yamada^Tarou=山田^太郎=やまだ^たろう"

# C.2.2.2.1: case, accents and the groups beyond the first are left to the product. Empty components at the end say nothing.
NAMES: Sequence[Example] = (
    ("PatientName", "Doe^Jane", "Doe^Jane", YES),
    ("PatientName", "Doe^Jane", "DOE^JANE", LEFT_YES),
    ("PatientName", "DOE^JANE", "Doe^Jane", LEFT_YES),
    ("PatientName", "Doe^Jane", "Doe^Jane^^", YES),
    ("PatientName", "Doe^Jane", "doe^jane^", LEFT_YES),
    ("PatientName", "Doe^Jane^^", "doe^jane", LEFT_YES),
    ("PatientName", "Doe^Jane", "doe", NO),
    ("PatientName", "Doe^Jane", "doe*", LEFT_YES),
    ("PatientName", "Doe^Jane", "*jane", LEFT_YES),
    ("PatientName", "Doe^Jane", "d?e^j*", LEFT_YES),
    ("PatientName", "Doe^Jane", "doe^j[ab]ne", NO),
    ("PatientName", "Doe", "doe^*", NO),
    ("PatientName", "DOE^JOHN", "DOE^J*", YES),
    ("PatientName", "SMITHSON^A", "*SMITH*", YES),
    ("PatientName", "DAE^J", "D?E*", YES),
    ("PatientName", "DE^J", "D?E*", NO),
    ("PatientName", "Müller^Hans", "MULLER^HANS", LEFT_NO),
    ("PatientName", "MÜLLER^Jürgen", "müll*", LEFT_YES),
    ("PatientName", "Иванов^Иван", "ИВАНОВ^*", LEFT_YES),
    ("PatientName", YAMADA, "Yamada*", YES),
    ("PatientName", YAMADA, "yamada^tarou", LEFT_YES),
    ("PatientName", YAMADA, "山田^太郎", LEFT_YES),
    ("PatientName", YAMADA, "山田*", LEFT_YES),
    ("PatientName", YAMADA, "やまだ*", LEFT_YES),
    ("PatientName", YAMADA, "山?^太郎", LEFT_YES),
    ("PatientName", YAMADA, "Yamada*=*=やまだ*", YES),
    ("PatientName", "Yamada^Tarou", "Yamada^Tarou=山田^太郎", NO),
    ("PatientName", "Yamada^Tarou=山田^太郎", "Yamada^Tarou", YES),
)

# C.2.2.2.5: both ends are of the range, one may be left out. Dates with dots are those of ACR-NEMA (PS3.5 6.2).
DATES: Sequence[Example] = (
    *(
        ("StudyDate", stored, key, said)
        for stored in ("20250302", "2025.03.02")
        for key, said in (
            ("20250302", YES),
            ("2025.03.02", YES),
            ("20250301", NO),
            ("20250301-20250303", YES),
            ("20250302-20250302", YES),
            ("20250301 - 20250302", YES),
            ("20250302-", YES),
            ("20250303-", NO),
            ("-20250302", YES),
            ("-20250301", NO),
            ("20250303-20250301", NO),
        )
    ),
    ("StudyDate", "20240101", "20240101-20240131", YES),
    ("StudyDate", "20240131", "20240101-20240131", YES),
    ("StudyDate", "20240201", "20240101-20240131", NO),
    ("StudyDate", "20240101", "-20240101", YES),
    ("StudyDate", "20240102", "-20240101", NO),
    ("StudyDate", "20231231", "20240101-", NO),
    ("StudyDate", "20240101", "20240101-", YES),
    ("StudyDate", "2024.01.01", "20240101", YES),
)

# What a shortened time covers is left to the product, and a stored time that is none.
TIMES: Sequence[Example] = (
    ("StudyTime", "083000", "0830", YES),
    ("StudyTime", "0830", "083000", YES),
    ("StudyTime", "083000.000", "08:30", YES),
    ("StudyTime", "101500.000000", "101500", YES),
    ("StudyTime", "083059", "0830", LEFT_YES),
    ("StudyTime", "101530", "1015", LEFT_YES),
    ("StudyTime", "0830", "083001", NO),
    ("StudyTime", "083000", "08", LEFT_YES),
    ("StudyTime", "083000", "0800-1200", YES),
    ("StudyTime", "080000", "0800-1200", YES),
    ("StudyTime", "120000", "0800-1200", YES),
    ("StudyTime", "120030", "0800-1200", LEFT_YES),
    ("StudyTime", "120059", "0800-1200", LEFT_YES),
    ("StudyTime", "120100", "0800-1200", NO),
    ("StudyTime", "000000", "-1200", YES),
    ("StudyTime", "085959", "-08", LEFT_YES),
    ("StudyTime", "090000", "-08", NO),
    ("StudyTime", "0759", "0800-", NO),
    ("StudyTime", "075959.999999", "08-", NO),
    ("StudyTime", "080000", "08-", YES),
    ("StudyTime", "080000.25", "080000.2-080000.3", YES),
    ("StudyTime", "080000.4", "080000.2-080000.3", NO),
    ("StudyTime", "noon", "08-", LEFT_NO),
    ("StudyTime", "8 a.m.", "0800-1200", LEFT_NO),
)

# Table K.6-1: of Scheduled Procedure Step Start Date and Time two ranges are one period, not an afternoon of each day.
PERIODS: Sequence[tuple[str, str, str, str, Said]] = (
    ("20250705", "0959", "20250705-20250707", "1000-1800", NO),
    ("20250705", "1000", "20250705-20250707", "1000-1800", YES),
    ("20250705", "2200", "20250705-20250707", "1000-1800", YES),
    ("20250706", "0300", "20250705-20250707", "1000-1800", YES),
    ("20250707", "1800", "20250705-20250707", "1000-1800", YES),
    ("20250707", "1801", "20250705-20250707", "1000-1800", NO),
    ("20250706", "0300", "20250705-", "1000-", YES),
    ("20250705", "0300", "20250705-", "1000-", NO),
    ("20250706", "2300", "-20250707", "-1800", YES),
    ("20250706", "2300", "20250706", "1000-1800", NO),
    ("20250705", "0300", "20250705", "1000-1800", NO),
    ("20250706", "1000", "20250705-20250707", "1000", YES),
    ("20250706", "", "20250705-20250707", "1000-1800", NO),
    ("", "1200", "20250705-20250707", "1000-1800", NO),
)
"""Stored date and time, keys of both; what is empty as in a worklist."""
