"""AS2 (RFC 4130): documents over HTTP, signed and encrypted, each answered by a signed receipt (MDN).

`cms` signs, verifies, encrypts, decrypts and compresses; `mime` takes entities apart without changing a byte of them;
`message` is a message on its way out and in, `receipt` the MDN; `sending` and `receiving` bring them to the wire.
"""
