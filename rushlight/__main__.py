"""``python -m rushlight PROGRAM ...`` runs a program written for torch."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
