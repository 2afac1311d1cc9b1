"""`python -m wizard` in a checkout."""

import sys

from wizard.cli import main

sys.exit(main())
