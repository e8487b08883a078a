"""Promises before they break: a plan for each order by version, what is to be expected beside it, and the risk.

    events ─observing─→ look_at ─looking─→ plan, forecast, level, reason, what could be done ─→ a case, closed by itself

`ways` gathers what a plan is made of (calendars, the tenant's tables, what was learned), `crossdock.rules.planning`
counts, `words` says why, `looking` does it for what is due and for nothing else, `reading` answers the pages,
`learning` finds out how long steps take. Formulas: docs/jeopardy.md.
"""

from crossdock.tower.jeopardy.learning import run_due as learn_due
from crossdock.tower.jeopardy.looking import run_due
from crossdock.tower.jeopardy.observing import observe

__all__ = ["learn_due", "observe", "run_due"]
