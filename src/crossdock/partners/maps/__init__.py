"""Maps: declared data that say which part of a partner's document is which field of ours, read in both directions.

`edi` and `xml` are two languages with the same words: segments have places, XML has names. They share the canonical
documents (`canonical`), the paths of their fields (`paths`) and the tables of codes (`tables`). What is declared lies
in `library/partners/maps`.
"""
