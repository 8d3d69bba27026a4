"""``python -m levelset_core``."""

import sys

from levelset_core.cli import main

if __name__ == "__main__":
    sys.exit(main())
