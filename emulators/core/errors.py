"""The errors of Radloop; each says whose fault it is.

All are built from one positional message, because SimPy raises a failed process again as ``type(error)(*error.args)``.
"""


class LocalProtocolError(Exception):
    """We broke the protocol: our own actor, codec or port asked for something the standard does not allow."""


class RemoteProtocolError(Exception):
    """The peer broke the protocol: its bytes cannot be what the standard says. Carries no patient data."""


class ConfigError(Exception):
    """A configuration is wrong or incomplete; the message names the file and the key path."""
