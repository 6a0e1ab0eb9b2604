import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # as for a script, which finds what stands beside it
