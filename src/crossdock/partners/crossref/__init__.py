"""What a partner calls otherwise than we: item numbers, units, places to ship to.

`translate` puts ours for theirs in what comes, and theirs for ours in what we send; `store` keeps the entries. What a
correction suggests (`learning`) is one of the `proposals`, which change nothing until a person accepts them.
docs/maps.md tells how to use them.
"""
