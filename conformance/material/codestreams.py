"""The picture of 16 by 16 pixels in 8 bits that ``image_modules`` draws, as each compressed transfer syntax has it (PS3.5 A.4).

Made by DCMTK 3.6.7 (dcmcjpeg, dcmcjpls, dcmcrle) and OpenJPEG 2.5.4. Of MPEG and HTJ2K there is none.
"""

from base64 import b64decode
from collections.abc import Mapping

from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate

DEFLATED = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN = "1.2.840.10008.1.2.2"

SHORT_NAMES: Mapping[str, str] = {
    "1.2.840.10008.1.2": "implicit",
    "1.2.840.10008.1.2.1": "explicit",
    BIG_ENDIAN: "big-endian",
    DEFLATED: "deflated",
    "1.2.840.10008.1.2.4.50": "jpeg-baseline",
    "1.2.840.10008.1.2.4.51": "jpeg-extended",
    "1.2.840.10008.1.2.4.57": "jpeg-lossless",
    "1.2.840.10008.1.2.4.70": "jpeg-lossless-sv1",
    "1.2.840.10008.1.2.4.80": "jpeg-ls",
    "1.2.840.10008.1.2.4.81": "jpeg-ls-near",
    "1.2.840.10008.1.2.5": "rle",
    "1.2.840.10008.1.2.4.90": "j2k-lossless",
    "1.2.840.10008.1.2.4.91": "j2k",
}
"""Transfer syntaxes that the tester can send, by the short names that variants carry."""

UIDS: Mapping[str, str] = {name: uid for uid, name in SHORT_NAMES.items()}

LOSSY = frozenset(("jpeg-baseline", "jpeg-extended", "jpeg-ls-near", "j2k"))

_CODESTREAMS: Mapping[str, str] = {
    "jpeg-baseline": (
        "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMUFRUVDA8XGBYU"
        "GBIUFRT/wAALCAAQABABAREA/8QAFwAAAwEAAAAAAAAAAAAAAAAAAAQFBv/EACMQAAEDBAEFAQEAAAAAAAAAAAIBBAUDBhESEwcUFSEiJDL/2gAI"
        "AQEAAD8AgNYjpDdUU1aRjW17NcBWGqT+EaQtStUFBJFpqjuUrhqqkhZQELIpgkTKK3JRNew+/kopxb87bbXi43HPBFI1dtBX8LOPdH6MlT4I/lN1"
        "1TZB1bxWHUXd7pcEVNCyVszqx9aXYs6Z/S0zqtWUU3GrgjyXsTIUQd0RBwUbb6sWj43xVW4L27jfk8Eyn6Xba645O8km+dtlxpt/BZ1+c///2Q=="
    ),
    "jpeg-extended": (
        "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMUFRUVDA8XGBYU"
        "GBIUFRT/wQALCAAQABABAREA/8QAFwAAAwEAAAAAAAAAAAAAAAAAAAQFBv/EACMQAAEDBAEFAQEAAAAAAAAAAAIBBAUDBhESEwcUFSEiJDL/2gAI"
        "AQEAAD8AgNYjpDdUU1aRjW17NcBWGqT+EaQtStUFBJFpqjuUrhqqkhZQELIpgkTKK3JRNew+/kopxb87bbXi43HPBFI1dtBX8LOPdH6MlT4I/lN1"
        "1TZB1bxWHUXd7pcEVNCyVszqx9aXYs6Z/S0zqtWUU3GrgjyXsTIUQd0RBwUbb6sWj43xVW4L27jfk8Eyn6Xba645O8km+dtlxpt/BZ1+c///2Q=="
    ),
    "jpeg-lossless": (
        "/9j/4AAQSkZJRgABAQAAAQABAAD/wwALCAAQABABAREA/8QAFwABAQEBAAAAAAAAAAAAAAAABgcIA//aAAgBAQAGAADP/fv379+/fv379+/fv3uD"
        "hw4cOHDhw4cOHDhw4uDhw4cY3m83m83m83m83m83zfN5vN5vrhw4cOHDhw4cOLg4cOHDhw4cOMbzebzebzfN83m83m83m83m831w4cOHDi4OHDhw"
        "4cOHDhw4cOMbzfN83m83m83m83m83m83m831w4uDhw4cOHDhw4cOHDhw4uDhxjebzebzebzebzebzebzfN83m+uHDhw4cOHDhw4cOLg4cOHDhxje"
        "bzebzebzebzfN83m83m83m+uHDhw4cOHDi4OHDhw4cOHDhw4xvN5vN83zebzebzebzebzebzfXDhw4uDhw4cOHDhw4cOHDhw4///2Q=="
    ),
    "jpeg-lossless-sv1": (
        "/9j/4AAQSkZJRgABAQAAAQABAAD/wwALCAAQABABAREA/8QAFgABAQEAAAAAAAAAAAAAAAAAAwgH/9oACAEBAAEAAJ/d3d3d3d3d33B3d3d3d3d3"
        "fcHd3gZ3d3d3d5vd3d3d3d3d33B3d3d3eBnd3eb3d3d3d3d3d9wd3d3d3d3eBnm93d3d3d3d3fcHd3d3d3d3d9wd4Gd3d3d3d3m93d3d3d3d3fcH"
        "d3d4Gd3d3d5vd3d3d3d3d33B3d3d3d3gZ3eb3d3d3d3d3d9wd3d3d3d3d3//2Q=="
    ),
    "jpeg-ls": (
        "/9j/9wALCAAQABABAREA/9oACAEBAAAAAIUVYq0/u3f/cAAAHfGYpHZmbbbDAAAA7+0hJX8F7wAAAHfkkqpgvVVVAL5uf83KpTaqqqrAza//TYQ1"
        "v/9zYwAP/1rbU/9xpfg/7U/aH/Gd/2AD2l/9meMr/37/2Q=="
    ),
    "jpeg-ls-near": (
        "/9j/9wALCAAQABABAREA/9oACAEBAAIAALe//06AAAESRJJJJSQAAAKMg3taAAABVgAAAqfRRzn4Zse/45LJZ/9mPf94AAAJKv95pZh/6a5qvf0q"
        "vku9Z3OGuo5/2FNZvfVcqv92gP/ZAA=="
    ),
    "rle": (
        "AQAAAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA8ABw4VHCMqMTg/Rk1UW2JpD3B3"
        "foWMk5qhqK+2vcTL0tkP4Ofu9fwDChEYHyYtNDtCSQ9QV15lbHN6gYiPlp2kq7K5D8DHztXc4+rx+P8GDRQbIikPMDc+RUxTWmFob3Z9hIuSmQ+g"
        "p661vMPK0djf5u30+wIJDxAXHiUsMzpBSE9WXWRrcnkPgIeOlZyjqrG4v8bN1Nvi6Q/w9/4FDBMaISgvNj1ES1JZD2BnbnV8g4qRmJ+mrbS7wskP"
        "0Nfe5ezz+gEIDxYdJCsyOQ9AR05VXGNqcXh/ho2Um6KpD7C3vsXM09rh6O/2/QQLEhkPICcuNTxDSlFYX2ZtdHuCiQ+Ql56lrLO6wcjP1t3k6/L5"
    ),
    "j2k-lossless": (
        "/0//UQApAAAAAAAQAAAAEAAAAAAAAAAAAAAAEAAAABAAAAAAAAAAAAABBwEB/1IADAAAAAEAAAQEAAH/XAAEQED/ZAAlAAFDcmVhdGVkIGJ5IE9w"
        "ZW5KUEVHIHZlcnNpb24gMi41LjT/kAAKAAAAAADwAAH/k9+FvhI32u3L7Qp0q7QOUd+txvxztwD5I+BWl7CpYbCD+3DJkx0p0KaVVRfrCdlFQfww"
        "OLpMsIVh3mc0/AeMqKpb8LL8VDP4Ehb5ibDGZR0HjLcZtO2X9ud/SjSANSiUWEL5yM7BymLZsz30O4sAqrQZ9q3kpfqU8RG604OhlUXTHNwTrAb+"
        "0bdXogTCqMiJSljmKgytxrIb4KNehzBzpvIqArBFWgFaF/jEJP1MIpzZlw5jfuwGp7KG59/7p7hQ1hrm+b5vm+b5vm+b5qW3Xv9ocF2DfN83zfN8"
        "3zfN89zXXiv/2Q=="
    ),
    "j2k": (
        "/0//UQApAAAAAAAQAAAAEAAAAAAAAAAAAAAAEAAAABAAAAAAAAAAAAABBwEB/1IADAAAAAEAAAQEAAD/XAAFQkAA/2QAJQABQ3JlYXRlZCBieSBP"
        "cGVuSlBFRyB2ZXJzaW9uIDIuNS40/5AACgAAAAAAKAAB/5PdYBI32u3L7Qp0q7QOUd+txvxztwD5I+BWl//Z"
    ),
}


def in_transfer_syntax(dataset: Dataset, transfer_syntax: str) -> Dataset:
    """An image of 8 bits made ready to be encoded so; changed in place."""
    name = SHORT_NAMES[transfer_syntax]
    if name in _CODESTREAMS:
        dataset.PixelData = encapsulate([b64decode(_CODESTREAMS[name])])
        dataset["PixelData"].VR = "OB"
        dataset["PixelData"].is_undefined_length = True
        dataset.LossyImageCompression = "01" if name in LOSSY else "00"
    return dataset
