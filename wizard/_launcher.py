"""Entry point of the installed package: gives this process the import names of a checkout, then runs the wizard."""

import sys
from pathlib import Path


def main() -> None:
    """Run the command line."""
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    from wizard.cli import main as run

    sys.exit(run())
