"""Orders as tables: CSV, tab-separated and workbooks, read by a declared map."""
