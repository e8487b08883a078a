"""The read side: what people look at. Kept by the relay from events, rebuilt from the event log at any time.

`projection` keeps one row an order and one a line; `orders`, `timeline`, `kpis`, `board` answer the pages from them;
`alerts` says when orders stop flowing.
"""
