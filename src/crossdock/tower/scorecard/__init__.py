"""How it goes over a period: figures with their uncertainty, reports by mail, and what all of it is worth.

`figures` says what is counted, `measure` counts it, `reports` writes tables and sends them, `value` holds a period
against what was before. The strip of the board is `tower.kpis`.
"""

from crossdock.tower.scorecard.figures import ALL, Figure, named
from crossdock.tower.scorecard.measure import Behind, Measured, Period, Row, Wanted, behind, card

__all__ = ["ALL", "Behind", "Figure", "Measured", "Period", "Row", "Wanted", "behind", "card", "named"]
