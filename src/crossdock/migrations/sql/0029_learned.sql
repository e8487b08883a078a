-- Decisions about proposed cross-references can be taken back: what an accepted one replaced is kept with it.

alter table crossdock.cross_reference_proposal add column replaced json;  -- the entry that stood before, if any
