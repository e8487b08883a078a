"""How documents come and go: a watched folder, SFTP, AS2, mail, S3, HTTP.

`model` says what a transport is, `taking` is the one way in (stored, then acknowledged), `handing` the one way out
(written down, then sent), `running` runs what is due, one process at a time for each channel. `store` keeps the
channels, `certificates` whom to believe. The transports themselves are a module each, and know no database.
"""
