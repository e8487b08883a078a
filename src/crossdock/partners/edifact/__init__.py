"""UN/EDIFACT: tokens and envelopes. Messages are identified, counted and kept for a person; no map reads them yet."""
