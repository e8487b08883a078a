"""Systems of record: what they can do by role, and the connectors that do it.

A workflow calls a role operation in canonical terms (`erp.priceOrder`). `roles` types the operations, a connector
package (`sandbox`) translates them to one vendor's wire format, and `operation` performs them: within a budget,
behind a circuit breaker, with an idempotency key, and with an outcome that never says more than was seen. `registry`
puts these together from configuration.
"""
