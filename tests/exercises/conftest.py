"""Makes the strangers' answers importable from the tests: ``from answers import ANSWERS``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
