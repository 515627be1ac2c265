"""The HL7 v2 codec: messages to ER7 bytes and back, one file per conversation.

``Hl7Codec`` is the way in; ``Rejection`` is what decoding raises, with all that an acknowledgement needs;
``enhanced_mode`` is how a message wants to be acknowledged.
"""

from emulators.codecs.hl7v2.acknowledgement import enhanced_mode
from emulators.codecs.hl7v2.codec import Hl7Codec, Hl7Message, control_id_of
from emulators.codecs.hl7v2.rejection import Rejection

__all__ = ["Hl7Codec", "Hl7Message", "Rejection", "control_id_of", "enhanced_mode"]
