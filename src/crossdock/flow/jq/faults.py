"""What can go wrong with an expression: it cannot be compiled, or it cannot be evaluated.

An `ExpressionError` is the author's to fix before publishing; an `EvaluationError` carries the jq error value, which
`try … catch` hands to the handler. A `LimitExceeded` is never caught inside an expression: a runaway expression ends.
"""

from typing import Any

from crossdock.errors import FlowFault


class ExpressionError(FlowFault):
    """The text is not an expression that can run here. `offset` counts characters from 0."""

    def __init__(self, message: str, offset: int = 0) -> None:
        super().__init__(f"{message} (column {offset + 1})")
        self.offset = offset


class EvaluationError(FlowFault):
    """The expression failed on this input; `value` is what jq's `catch` would receive."""

    def __init__(self, value: Any, text: str | None = None) -> None:
        super().__init__(text if text is not None else str(value))
        self.value = value


class LimitExceeded(EvaluationError):
    """The expression took more steps, depth or space than one evaluation may."""
