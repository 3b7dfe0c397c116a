"""``python -m hallofillusions``, and the command ``hallofillusions``."""

import sys


def main() -> int:
    """The exit code of one command; Ctrl-C ends it without a traceback even as it is loaded."""
    try:
        from .cli import main as run

        return run()
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
