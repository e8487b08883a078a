"""Reconciliation: every document about an order compared with it, line by line (docs/reconciliation.md).

`matching` is pure and compares; `statements` makes documents comparable; `store` keeps which documents belong to which
order and what was found; `duty` looks where something is new, and opens and closes the cases.
"""
