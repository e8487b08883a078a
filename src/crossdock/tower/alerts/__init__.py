"""Alerts: what somebody should hear of without looking.

`checks` finds what is wrong, what ships with Crossdock and what a tenant's own rules watch (`rules`), fires it once and
ends it when it is over. `notices` tells it on the tenant's channels: grouped, in their hours, at least once.
`documents` reads rules and channels as people write them.
"""

from crossdock.tower.alerts.checks import check, check_all, recent, usual
from crossdock.tower.alerts.documents import Severity, channel, rule

__all__ = ["Severity", "channel", "check", "check_all", "recent", "rule", "usual"]
