"""Modules that images of many SOP classes share: pixels, and where a slice lies (PS3.3 C.7.6).

Pixels are 16 by 16 and differ from place to place, so that a change shows.
"""

from collections.abc import Mapping
from typing import Any

Attributes = Mapping[str, Any]

SIDE = 16
ORIGINAL = ["ORIGINAL", "PRIMARY"]
DERIVED = ["DERIVED", "PRIMARY"]
AXIAL = ["1", "0", "0", "0", "1", "0"]
ACQUIRED_AT = "20250303101500"


def pixels(bits: int = 16, samples: int = 1, frames: int = 1) -> bytes:
    """A ramp; ``bits`` is 8 or 16 (12 stored)."""
    count = SIDE * SIDE * samples * frames
    if bits == 8:
        return bytes(place * 7 % 256 for place in range(count))
    return b"".join((place * 37 % 4096).to_bytes(2, "little") for place in range(count))


def grey(bits: int = 16, frames: int = 0) -> Attributes:
    """Image pixel module of a greyscale image; with ``frames`` a multi-frame one (PS3.3 C.7.6.3, C.7.6.6)."""
    return {
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "Rows": SIDE,
        "Columns": SIDE,
        "BitsAllocated": bits,
        "BitsStored": 8 if bits == 8 else 12,
        "HighBit": 7 if bits == 8 else 11,
        "PixelRepresentation": 0,
        **({"NumberOfFrames": frames} if frames else {}),
        "PixelData": pixels(bits, frames=frames or 1),
    }


def colour(frames: int = 0) -> Attributes:
    """As ``grey``, in RGB by pixel."""
    return {
        **grey(8, frames),
        "SamplesPerPixel": 3,
        "PhotometricInterpretation": "RGB",
        "PlanarConfiguration": 0,
        "PixelData": pixels(8, 3, frames or 1),
    }


def plane() -> Attributes:
    """Where a slice lies (PS3.3 C.7.6.2), with what is type 2 of its series and frame of reference."""
    return {
        "Laterality": "",
        "PixelSpacing": ["0.5", "0.5"],
        "ImageOrientationPatient": AXIAL,
        "ImagePositionPatient": ["0", "0", "0"],
        "SliceThickness": "1",
        "PositionReferenceIndicator": "",
    }
