"""A fault of ours, told without a word of a patient: an exception's own text may say what was being handled."""

APPLICATION_INTERNAL_ERROR = "207"
"""To an HL7 peer (table 0357)."""


def described(error: Exception) -> str:
    """Its kind and its place, such as ``KeyError in Pacs.told, line 205``."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f" in {trace.tb_frame.f_code.co_qualname}, line {trace.tb_lineno}" if trace is not None else ""
    return f"{type(error).__name__}{place}"
