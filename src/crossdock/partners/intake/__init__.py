"""Bytes in, orders out: stored raw and committed, then decoded, judged, numbered and published in one transaction.

`arriving` keeps what comes and carries it out, `reading` says what it says, `carrying` what each document brings about,
`telling` in which words, `answering` what its sender hears; `amending` is what a person does with a document that did
not get through. Transports and pages call `receive`.
"""

from crossdock.partners.intake.amending import carry_out_corrected
from crossdock.partners.intake.arriving import (
    Once,
    carry_out,
    finish_left,
    preview,
    receive,
    receive_manual,
    resume,
    store,
)
from crossdock.partners.intake.carrying import FIRST_ORDER, release
from crossdock.partners.intake.declaring import save_map, save_profile
from crossdock.partners.intake.effects import MANUAL, SOURCE, Publish
from crossdock.partners.intake.reading import context, judge, named
from crossdock.partners.intake.results import DocumentResult, result
from crossdock.partners.intake.telling import changed, received, written

__all__ = [
    "FIRST_ORDER",
    "MANUAL",
    "SOURCE",
    "DocumentResult",
    "Once",
    "Publish",
    "carry_out",
    "carry_out_corrected",
    "changed",
    "context",
    "finish_left",
    "judge",
    "named",
    "preview",
    "receive",
    "receive_manual",
    "received",
    "release",
    "result",
    "resume",
    "save_map",
    "save_profile",
    "store",
    "written",
]
