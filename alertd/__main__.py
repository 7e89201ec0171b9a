"""`alertd` and `python -m alertd`."""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> None:
    """Run the command line and exit with its code."""
    if sys.argv[1:2] == ["receive"] and not {"-h", "--help"} & set(sys.argv):  # once per mail: without click
        from alertd.postmaster.receive import main as receive

        sys.exit(receive(sys.argv[2:], default_config=Path("alertd.toml")))
    from alertd.cli.shell import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
