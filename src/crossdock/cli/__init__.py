"""The command line, and the composition root: the one place that builds what the rest is given.

A worker's process is most of what an installation is made of, and needs nothing of gateway, pages and other commands:
it is begun without loading them, which halves its memory.
"""

import sys

from crossdock.errors import CrossdockError

_WORKER = (["worker"], ["worker", "--ready-line"])


def main() -> None:
    """Entry point. What we raise on purpose is one line on standard error, and status 2."""
    try:
        if sys.argv[1:] in _WORKER:
            from crossdock.cli import working

            working.run_worker(ready_line=len(sys.argv) > 2)
        else:
            from crossdock.cli import app

            app.main()
    except CrossdockError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


__all__ = ["main"]
