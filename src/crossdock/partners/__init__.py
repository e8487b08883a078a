"""Trading partners: what they send becomes canonical orders, and what we answer goes back in their format.

`decode` turns bytes into documents and is pure; `intake` stores, allocates and publishes. docs/intake.md tells the
formats, the guides and what each error asks of a partner.
"""

from crossdock.partners.decoding import decode
from crossdock.partners.model import Context, Decoded, Format, Issue, Severity, Status

__all__ = ["Context", "Decoded", "Format", "Issue", "Severity", "Status", "decode"]
