"""What systems say to each other: frozen values, canonical on construction, one file per conversation.

Every message class states its ``lane`` (the conversation it belongs to), its ``nominal_bytes`` (what the link model reckons
with) and gives ``subject`` (what it is about, for the fault plan) and ``identifiers`` (what the trace joins
on, and the status it tells if it is about one).
"""
