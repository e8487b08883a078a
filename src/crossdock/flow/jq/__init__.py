"""jq expressions: compiled to closures, exact in their numbers, bounded in their work.

`compile` parses and compiles once; `Expression.evaluate` runs. The language is jq 1.8's as libjq runs it, with the
differences that docs/decisions/0005-expressions.md lists. What this engine does not know goes to a `FallbackEvaluator`
when one is given.
"""

from crossdock.flow.jq.expression import Expression, FallbackEvaluator, compile, left_open, strip
from crossdock.flow.jq.faults import EvaluationError, ExpressionError, LimitExceeded

__all__ = [
    "EvaluationError",
    "Expression",
    "ExpressionError",
    "FallbackEvaluator",
    "LimitExceeded",
    "compile",
    "left_open",
    "strip",
]
