"""Synthetic pixels: one noisy phantom per modality and body part, a pure function of the seed.

The phantom is an ellipse with a few organs in it and detector noise on top: no anatomy, but sizes and compressibility
near those of real images. Every image of a modality and body part shares the same bytes.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from datasets.draws import Draws

_SIDE_MIN = 16
_ORGAN_COUNT = 7

Shade = NDArray[np.float32]  # shape (rows, columns), brightness


@dataclass(frozen=True, slots=True)
class FrameFormat:
    """How a frame is laid out: unsigned, colour by pixel. Spacing is between pixel centres, the same both ways."""

    rows: int
    columns: int
    samples_per_pixel: int
    bits_allocated: int
    bits_stored: int
    spacing_mm: float

    @property
    def frame_bytes(self) -> int:
        return self.rows * self.columns * self.samples_per_pixel * self.bits_allocated // 8


@dataclass(frozen=True, slots=True)
class _Look:
    """Brightness and noise (one standard deviation), in stored values."""

    background: float
    body: float
    organ_spread: float
    noise: float


# Matrix sizes: CT 0.524 MB and MR 0.131 MB per image (CT 512 x 512, MR 256 x 256, two bytes); a 1760 x 2140 CR plate has
# 7.53 MB and a DX test object 11 MB, so DX is taken at 10.2 MB. An MG exam of four images has 160 MB, which is a detector of
# 24 x 30 cm with pixels of 0.06 mm. US at 640 x 480 in colour is an assumption.
_FULL_FORMATS: dict[str, FrameFormat] = {
    "CT": FrameFormat(512, 512, 1, 16, 12, 0.7),
    "MR": FrameFormat(256, 256, 1, 16, 12, 0.9),
    "DX": FrameFormat(2500, 2048, 1, 16, 12, 0.168),
    "US": FrameFormat(480, 640, 3, 8, 8, 0.3),
    "CR": FrameFormat(2140, 1760, 1, 16, 12, 0.2),
    "MG": FrameFormat(5000, 4000, 1, 16, 12, 0.06),
}

# Noise of s stored values carries about log2(4.13 s) bits per pixel. It is set so that a lossless coder could reach
# the published JPEG-LS ratios: CT 4.0, MR 3.6, DX 2.4, CR 3.6, MG 2.6 (Clunie, SPIE 2000). US: an assumption, three equal
# colours.
_LOOKS: dict[str, _Look] = {
    "CT": _Look(background=24, body=1060, organ_spread=120, noise=4),
    "MR": _Look(background=20, body=700, organ_spread=350, noise=5),
    "DX": _Look(background=300, body=2200, organ_spread=500, noise=23),
    "US": _Look(background=2, body=70, organ_spread=45, noise=3),
    "CR": _Look(background=300, body=2200, organ_spread=500, noise=5),
    "MG": _Look(background=100, body=1800, organ_spread=700, noise=17),
}


def frame_format(modality: str, scale: float = 1.0) -> FrameFormat:
    """The frame format of a modality with rows and columns times ``scale`` (0 < scale <= 1; even, at least 16).

    The field of view stays, so the spacing grows. Raises ValueError for another scale, KeyError for another modality.
    """
    if not 0 < scale <= 1:
        raise ValueError(f"scale must be above 0 and at most 1, not {scale}")
    full = _FULL_FORMATS[modality]
    rows, columns = (max(_SIDE_MIN, 2 * round(side * scale / 2)) for side in (full.rows, full.columns))
    return replace(full, rows=rows, columns=columns, spacing_mm=full.spacing_mm * full.rows / rows)


def frame_pixels(draws: Draws, modality: str, body_part: str, scale: float = 1.0) -> bytes:
    """The pixels of one frame, little endian, row by row; ``frame_format(modality, scale).frame_bytes`` long."""
    layout, look = frame_format(modality, scale), _LOOKS[modality]
    image = _phantom(draws, modality, body_part, layout, look)
    image += _noise(draws, modality, body_part, layout) * np.float32(look.noise)
    stored = np.clip(image, 0, 2**layout.bits_stored - 1).astype("<u2" if layout.bits_allocated == 16 else "u1")
    if layout.samples_per_pixel > 1:
        stored = np.repeat(stored[:, :, np.newaxis], layout.samples_per_pixel, axis=2)
    return stored.tobytes()


def _phantom(draws: Draws, modality: str, body_part: str, layout: FrameFormat, look: _Look) -> Shade:
    """A body ellipse with organ ellipses drawn inside it."""
    y = np.linspace(-1, 1, layout.rows, dtype=np.float32)[:, np.newaxis]
    x = np.linspace(-1, 1, layout.columns, dtype=np.float32)[np.newaxis, :]
    image = np.full((layout.rows, layout.columns), look.background, dtype=np.float32)
    image[(x / 0.85) ** 2 + (y / 0.75) ** 2 < 1] = look.body
    for centre_x, centre_y, radius_x, radius_y, shade in _organs(draws, modality, body_part):
        inside = ((x - centre_x) / radius_x) ** 2 + ((y - centre_y) / radius_y) ** 2 < 1
        image[inside] = look.body + shade * look.organ_spread
    return image


def _organs(draws: Draws, modality: str, body_part: str) -> Iterator[tuple[float, float, float, float, float]]:
    """Centre (x, y), radii (x, y) in half image sides, and a shade from -1 to 1."""
    for organ in range(_ORGAN_COUNT):
        x, y, radius_x, radius_y, shade = (draws.unit("pixels", modality, body_part, "organ", organ, what) for what in range(5))
        yield 0.9 * x - 0.45, 0.8 * y - 0.4, 0.08 + 0.22 * radius_x, 0.08 + 0.22 * radius_y, 2 * shade - 1


def _noise(draws: Draws, modality: str, body_part: str, layout: FrameFormat) -> Shade:
    """Standard normal noise, white, over the whole frame."""
    generator = np.random.Generator(np.random.PCG64(draws.bits("pixels", modality, body_part, "noise")))
    return generator.standard_normal((layout.rows, layout.columns), dtype=np.float32)
