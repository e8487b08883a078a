"""ASC X12: tokens, envelopes, a declared guide, the purchase order 850, and the acknowledgements 997 and TA1."""
