"""``python -m dmaragent``."""

import sys

from dmaragent.cli import main

if __name__ == "__main__":
    sys.exit(main())
