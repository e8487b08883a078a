"""What an operator does to instances: suspend, resume, cancel, retry, restart, migrate; one, or many by filter.

`command` says what can be asked, `reading` what is on record of an instance, `preview` what would come of it,
`single` does it, `jobs` does it to many and survives the process that runs it. Semantics: docs/operations.md.
"""

from crossdock.engine.operations.command import Command, Kind
from crossdock.engine.operations.jobs import apply, cancel_job, find_jobs, get_job, preview_many, run_due
from crossdock.engine.operations.previewing import Line, Preview
from crossdock.engine.operations.reading import Selection, select
from crossdock.engine.operations.single import Busy, perform, preview

__all__ = [
    "Busy",
    "Command",
    "Kind",
    "Line",
    "Preview",
    "Selection",
    "apply",
    "cancel_job",
    "find_jobs",
    "get_job",
    "perform",
    "preview",
    "preview_many",
    "run_due",
    "select",
]
