"""`python -m qnnq`: the command line."""

import sys

from qnnq.cli.main import main

sys.exit(main())
