"""Makes `import factories` and `import engine` work when this folder is run alone; laws get no deadline on a busy machine."""

from __future__ import annotations

import sys
from pathlib import Path

from hypothesis import HealthCheck, settings

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent)]

settings.register_profile("cutprint", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("cutprint")
