"""What a call and an instance may go through, as tables. docs/states.md is drawn from them, and tests hold us to them.

The rules behind a call's transitions (how long, how often) are in engine.calls; these say only what may follow what.
"""

from collections.abc import Mapping
from enum import StrEnum

from crossdock.engine.turn import CallState


class InstanceStatus(StrEnum):
    RUNNING = "running"
    SUSPENDED = "suspended"  # an operator said so, or the host could not advance it: it stands still until resumed
    COMPLETED = "completed"
    FAULTED = "faulted"  # an error that nothing in it caught
    CANCELLED = "cancelled"


# From, by what → to. A call begins as sent or parked; one to an unknown function begins, and ends, as failed.
CALL: Mapping[tuple[CallState, str], CallState] = {
    (CallState.SENT, "answered"): CallState.DONE,
    (CallState.SENT, "refused"): CallState.FAILED,
    (CallState.SENT, "passing fault without effect"): CallState.RETRY,
    (CallState.SENT, "its system is down"): CallState.OUTAGE,
    (CallState.SENT, "no answer"): CallState.UNKNOWN,
    (CallState.SENT, "after a crash, probed: absent"): CallState.SENT,
    (CallState.SENT, "after a crash, probes cannot tell"): CallState.ASKED,
    (CallState.RETRY, "its time has come"): CallState.SENT,
    (CallState.RETRY, "abandoned"): CallState.FAILED,
    (CallState.OUTAGE, "its system may be back"): CallState.SENT,
    (CallState.OUTAGE, "abandoned"): CallState.FAILED,
    (CallState.UNKNOWN, "probed: done"): CallState.DONE,
    (CallState.UNKNOWN, "probed: absent"): CallState.SENT,
    (CallState.UNKNOWN, "probed: absent, and abandoned"): CallState.FAILED,
    (CallState.UNKNOWN, "probed: absent, while suspended"): CallState.RETRY,
    (CallState.UNKNOWN, "probed: still unknown"): CallState.UNKNOWN,
    (CallState.UNKNOWN, "probes cannot tell"): CallState.ASKED,
    (CallState.ASKED, "a person: it happened"): CallState.DONE,
    (CallState.ASKED, "a person: it did not"): CallState.FAILED,
    (CallState.PARKED, "answered"): CallState.DONE,
    (CallState.PARKED, "refused, or abandoned"): CallState.FAILED,
}

INSTANCE: Mapping[tuple[InstanceStatus, str], InstanceStatus] = {
    (InstanceStatus.RUNNING, "its last task ends"): InstanceStatus.COMPLETED,
    (InstanceStatus.RUNNING, "an error nobody catches"): InstanceStatus.FAULTED,
    (InstanceStatus.RUNNING, "cancelled"): InstanceStatus.CANCELLED,
    (InstanceStatus.RUNNING, "the host failed at it three times"): InstanceStatus.SUSPENDED,
    (InstanceStatus.RUNNING, "an operator suspends it"): InstanceStatus.SUSPENDED,
    (InstanceStatus.SUSPENDED, "resumed, retried or restarted"): InstanceStatus.RUNNING,
    (InstanceStatus.SUSPENDED, "cancelled"): InstanceStatus.CANCELLED,
    (InstanceStatus.FAULTED, "retried or restarted: another life begins"): InstanceStatus.RUNNING,
}
