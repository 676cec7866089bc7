"""`python -m coursegrader`."""

import sys

from .cli import main

if __name__ == "__main__":  # the processes of the pool import this file, too
    sys.exit(main())
