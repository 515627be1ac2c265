"""A complete, made-up exam of a procedure: for tests, benchmarks and load drivers that need images but no hospital."""

from collections.abc import Sequence

from datasets.draws import Draws
from datasets.modules import RequestContext, StudyContext
from datasets.names import Script
from datasets.people import LATIN_ONLY, PersonSource, StaffSource
from datasets.procedures import Procedure


def example_study(
    seed: int, index: int, procedure: Procedure, scripts: Sequence[tuple[Script, float]] = LATIN_ONLY, character_set: str = ""
) -> StudyContext:
    """Exam number ``index`` (0 and up) of a seed, scheduled and started on 2 January 2026, with one series.

    ``scripts`` are the scripts of the patient's name with their weights; ``character_set`` as in StudyContext.
    """
    person = PersonSource(seed, scripts=scripts).person(index)
    physician = StaffSource(seed).staff("referring_physician", index)
    draws = Draws(seed)
    study_uid = f"2.25.{draws.bits('example study uid', procedure.code, index)}"
    request = RequestContext(
        accession_number=f"EXA{index:06d}",
        requested_procedure_id=f"RP{index:06d}",
        procedure_code=procedure.code,
        procedure_scheme=procedure.scheme,
        procedure_meaning=procedure.meaning,
        scheduled_step_id=f"SPS{index:06d}",
        step_description=procedure.meaning,
        protocol_code=procedure.protocol_code,
        protocol_scheme=procedure.scheme,
    )
    return StudyContext(
        patient_id=f"EX{index:06d}",
        issuer_of_patient_id="RADLOOP",
        patient_name=person.pn,
        birth_date=person.birth_date,
        sex=person.sex,
        accession_number=f"EXA{index:06d}",
        study_instance_uid=study_uid,
        study_id=f"S{index:06d}",
        study_date="20260102",
        study_time="083000",
        study_description=procedure.meaning,
        referring_physician=f"{physician.family_name}^{physician.given_name}",
        procedure_code=procedure.code,
        procedure_scheme=procedure.scheme,
        procedure_meaning=procedure.meaning,
        step_description=procedure.meaning,
        modality=procedure.modality,
        body_part=procedure.body_part,
        station_ae_title=f"{procedure.modality}1",
        station_name=f"{procedure.modality}ROOM1",
        institution="Radloop Clinic",
        mpps_uid=f"{study_uid}.1",
        series_uid=f"{study_uid}.2",
        instance_uid_root=f"{study_uid}.2",
        performed_date="20260102",
        performed_time="083000",
        requests=(request,),
        character_set=character_set,
    )
