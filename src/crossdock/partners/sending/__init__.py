"""Documents we send: written from the order's real state, collected by the partner, and answered by it.

`responses` turns the state of an order into canonical documents, `store` writes them under their control numbers and
sends them again, `outbox` hands them over, `answers` reads what partners say of them, and `overdue` finds those of
which nothing is said in time. `function` is what workflows call.
"""
