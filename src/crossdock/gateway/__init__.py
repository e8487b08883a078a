"""The door: REST, webhooks, live updates, the static pages; who comes in, and what they may do.

Every route names the action it needs; `access` asks policy. Only sign-in, static files and liveness are open.
"""
