"""Who may do what: one question, answered from Cedar policies that are data (policies.cedar).

`decide(principal, action, resource)` is the only place that says yes, and it says no unless a policy permits. It does
no input or output: the gateway asks before it acts, and what decides (an approval) asks again with its own facts.
"""

from crossdock.policy.decision import (
    Action,
    Allowed,
    Decision,
    Denied,
    Principal,
    Resource,
    Role,
    decide,
)

__all__ = ["Action", "Allowed", "Decision", "Denied", "Principal", "Resource", "Role", "decide"]
