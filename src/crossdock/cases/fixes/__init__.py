"""One fix for many cases: previewed on each, done to all, stopped when it fails, taken back where it can be.

`fix` says what can be asked, `offers` what fits a cluster, `lasting` what a fix changes once for all (an entry of the
cross-references, a map or a table), `carrying` what it does to one case, `radius` how far it would reach, `jobs` does
it to many and survives the process that runs it. A preview is the fix itself, rolled back. Semantics: docs/fixing.md.
"""
