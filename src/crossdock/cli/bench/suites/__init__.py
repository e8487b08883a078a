"""The suites by name, in the order in which they run."""

from collections.abc import Mapping

from crossdock.cli.bench.run import Suite
from crossdock.cli.bench.suites import (
    edi,
    expressions,
    order_to_cash,
    recovery,
    six_steps,
    soak,
    waiting,
    webhook,
    workers,
)

SUITES: Mapping[str, Suite] = {
    "six-steps": six_steps.run,
    "workers": workers.run,
    "expressions": expressions.run,
    "edi": edi.run,
    "webhook": webhook.run,
    "order-to-cash": order_to_cash.run,
    "waiting": waiting.run,
    "recovery": recovery.run,
    "soak": soak.run,
}
ONLY_WHEN_ASKED = frozenset({"soak"})  # and in a full run
