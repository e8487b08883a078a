"""A process of `crossdock simulate`."""

import logging

from crossdock.engine.simulation.seeds import child

if __name__ == "__main__":
    logging.disable(logging.CRITICAL)  # what goes wrong here goes wrong on purpose; broken promises are reported
    child()
