"""What each SOP class needs beyond patient, study, series and SOP common: the type 1 and type 2 attributes (PS3.3 Annex A).

One ``Iod`` for each short name of ``sop_classes``; the attributes themselves stand in a file per kind of instance.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from conformance.material import enhanced_images, radiotherapy_images, single_frame_images, visible_light_images
from conformance.material.documents import DOCUMENTS
from conformance.material.image_modules import Attributes


@dataclass(frozen=True, slots=True)
class Iod:
    """``attributes`` makes new ones at each call, since sequences are changed in place."""

    modality: str
    attributes: Callable[[], Attributes]
    has_frame_of_reference: bool = False


IODS: Mapping[str, Iod] = {
    "cr": Iod("CR", single_frame_images.computed_radiograph),
    "ct": Iod("CT", single_frame_images.ct, True),
    "mr": Iod("MR", single_frame_images.mr, True),
    "us": Iod("US", single_frame_images.ultrasound),
    "us-mf": Iod("US", lambda: single_frame_images.ultrasound(2)),
    "xa": Iod("XA", single_frame_images.x_ray),
    "rf": Iod("RF", single_frame_images.x_ray),
    "nm": Iod("NM", single_frame_images.nuclear),
    "pt": Iod("PT", single_frame_images.pet, True),
    "sc": Iod("OT", single_frame_images.secondary_capture),
    "sc-mf-grey": Iod("OT", lambda: single_frame_images.secondary_capture(2)),
    "sc-mf-colour": Iod("OT", lambda: single_frame_images.secondary_capture(2, is_colour=True)),
    "dx": Iod("DX", lambda: single_frame_images.digital_x_ray("FOR PRESENTATION")),
    "dx-processing": Iod("DX", lambda: single_frame_images.digital_x_ray("FOR PROCESSING")),
    "mg": Iod("MG", lambda: single_frame_images.mammogram("FOR PRESENTATION")),
    "mg-processing": Iod("MG", lambda: single_frame_images.mammogram("FOR PROCESSING")),
    "dbt": Iod("MG", enhanced_images.tomosynthesis, True),
    "io": Iod("IO", single_frame_images.intra_oral),
    "ct-enhanced": Iod("CT", enhanced_images.ct, True),
    "mr-enhanced": Iod("MR", enhanced_images.mr, True),
    "vl-endoscopic": Iod("ES", visible_light_images.photograph),
    "vl-photographic": Iod("XC", visible_light_images.photograph),
    "op": Iod("OP", visible_light_images.ophthalmic),
    "wsi": Iod("SM", visible_light_images.slide, True),
    "seg": Iod("SEG", enhanced_images.segmentation, True),
    "rt-image": Iod("RTIMAGE", radiotherapy_images.rt_image),
    "rt-dose": Iod("RTDOSE", radiotherapy_images.rt_dose, True),
    **{name: Iod(modality, attributes, name == "rt-struct") for name, (modality, attributes) in DOCUMENTS.items()},
}
