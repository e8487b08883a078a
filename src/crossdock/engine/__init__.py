"""The durable host of `flow` on PostgreSQL.

A worker claims instances that have facts, advances them in memory, commits many at once, and performs their calls
between two commits. `worker` is the loop, `advance` what one instance's turn writes, `committer` how turns reach the
database together, `calls` what becomes of a call, `timers` what wakes the waiting. `memory` is the same on a virtual
clock without a database.
"""
