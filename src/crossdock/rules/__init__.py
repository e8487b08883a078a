"""Rules as data: decision tables, and business calendars (`calendars` reads them, `businesstime` counts in them).

Decision tables are GoRules JDM documents, checked cell by cell when they are published, evaluated exactly.

`load(name, version, source)` gives a Table or says everything that is wrong with it; `Rulebook(tables)` evaluates
them and tells which rule hit. The catalogue function `decision` that workflows call is crossdock.cases.decision.
"""

from crossdock.rules.allocation import allocate
from crossdock.rules.evaluation import Answer, Hit, Rulebook, RulebookError
from crossdock.rules.table import Table, load

__all__ = ["Answer", "Hit", "Rulebook", "RulebookError", "Table", "allocate", "load"]
