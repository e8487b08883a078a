"""Cases that come from one cause are one cluster: `cause` tells it from the evidence, `store` finds and counts them,
`documents` makes cases of inbound documents that wait for a person. What is done to a whole cluster is `cases.fixes`.
"""
