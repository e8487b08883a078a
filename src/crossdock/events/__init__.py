"""Events between the world, the workflows and the read side: envelope, inbox, correlation, outbox, relay.

What arrives is stored once (`inbox.receive`), becomes a fact for whoever listens (`correlation`), and waits as an
early event when nobody does yet. What a workflow emits goes out through the outbox with the advance that emitted it.
"""
