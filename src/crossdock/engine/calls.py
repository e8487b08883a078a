"""What becomes of a call: rules first.

    outcome of performing          next
    Done                           done: the workflow hears of it
    Failed, never retry            failed: the workflow hears of it
    Failed, later                  retry after a delay, up to MAX_ATTEMPTS, then as an outage
    Failed, outage                 held with its system; a canary tries for all
    Unknown                        probe after a delay; never performed again before a probe says Absent

    outcome of probing             next
    Done                           done
    Absent                         perform again, the same key
    Unknown                        probe later, up to MAX_PROBES, then a person is asked

An abandoned call (a lost race, a cancellation) goes the same way, so that compensation knows what happened; only
nobody hears of it.
"""

from datetime import timedelta

from crossdock.flow.outcomes import Absent, Done, Failed, Performed, Probed, Retry, Unknown

MAX_ATTEMPTS = 6
MAX_PROBES = 6
FIRST_DELAY = timedelta(seconds=2)
LONGEST_DELAY = timedelta(minutes=10)
FIRST_CANARY = timedelta(minutes=1)
LONGEST_CANARY = timedelta(minutes=15)


def retry_delay(attempt: int, asked_for: timedelta | None = None) -> timedelta:
    """2 s, 4 s, 8 s, … in business time, at least what the other side asked for."""
    delay = min(FIRST_DELAY * 2 ** (attempt - 1), LONGEST_DELAY)
    return max(delay, asked_for) if asked_for else delay


def probe_delay(probes: int) -> timedelta:
    """1 s, then 5 s, 25 s, … up to ten minutes: most lost responses are settled by the first look."""
    return min(timedelta(seconds=1) * 5**probes, LONGEST_DELAY)


def canary_delay(tries: int) -> timedelta:
    return min(FIRST_CANARY * 2 ** min(tries, 8), LONGEST_CANARY)


def describe(outcome: Performed | Probed) -> tuple[str, str]:
    """(outcome word of the attempt row, what was seen)."""
    match outcome:
        case Done():
            return "done", ""
        case Failed(error, retry):
            return "failed", f"{retry}: {error.status} {error.title} {error.detail}".strip()
        case Unknown(detail):
            return "unknown", detail
        case Absent():
            return "absent", ""


def exhausted(failed: Failed, attempt: int) -> bool:
    """Whether a passing fault has lasted so long that its system counts as down."""
    return failed.retry is Retry.OUTAGE or (failed.retry is Retry.LATER and attempt >= MAX_ATTEMPTS)
