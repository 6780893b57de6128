"""The command: hands everything to the program."""

import os
import subprocess
import sys

from ._client import binary


def main() -> None:
    """Runs the program in the place of this process, where the system can."""
    program = binary()
    if os.name == "posix":
        os.execv(program, [program, *sys.argv[1:]])
    sys.exit(subprocess.call([program, *sys.argv[1:]]))


if __name__ == "__main__":
    main()
