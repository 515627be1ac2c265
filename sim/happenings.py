"""What goes other than by the book, and how often: a fraction for each, drawn for every visit or exam.

No figure has been published for most of them (shared reference, 1.8), so they are parameters of a scenario.

======================  ==============================================================================================
of a visit
``no_show``             an outpatient does not come: the order is cancelled
``cancelled``           the order is cancelled before the exam
``cancelled_too_late``  the placer wants to cancel while the exam goes on; it is told that it cannot (UC)
``changed``             the order is changed before the exam: another reason, and STAT
``updated``             name or birth date are corrected after the exam (A08)
``merged``              the patient is registered anew and merged with the record there was (A40), before or after the exam
``transferred``         an inpatient gets another bed (A02)
``second_procedure``    two procedures of one modality are ordered in one message
``done_as_one``         of these, how many are done as one study with one report
``unordered``           an emergency: scanned before there is an order, under a name to be found out
of an exam
``manual_entry``        the technologist does not use the worklist, and types
``typing_error``        of what is typed, how much holds a wrong patient ID or accession number (Sakai 2003: 6.4 %)
``wrong_entry``         the entry is picked for another patient first, which is noticed before the first image
``discontinued``        the exam is broken off after some images
``appended``            images are added after the exam was completed
of a report
``addendum``            something is added after the final report
``corrected``           the final report is corrected
======================  ==============================================================================================
"""

from typing import Annotated

from pydantic import Field

from emulators.config import Settings

Fraction = Annotated[float, Field(ge=0, le=1)]


class Happenings(Settings):
    no_show: Fraction
    cancelled: Fraction
    cancelled_too_late: Fraction
    changed: Fraction
    updated: Fraction
    merged: Fraction
    transferred: Fraction
    second_procedure: Fraction
    done_as_one: Fraction
    unordered: Fraction
    manual_entry: Fraction
    typing_error: Fraction
    wrong_entry: Fraction
    discontinued: Fraction
    appended: Fraction
    addendum: Fraction
    corrected: Fraction
