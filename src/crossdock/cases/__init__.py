"""Where people work: cases, approvals, holds, incidents and SLA clocks; and what workflows call to reach them.

Each is a durable row that somebody decides. Deciding completes the parked call of the workflow that waits, publishes
an event and writes the audit trail, all in the decider's own transaction. Business time always comes in as `now`.
"""
