"""Settings that all tests share: how hard hypothesis tries, chosen by HYPOTHESIS_PROFILE.

Machine code that tests compile is kept in a folder of their own, which goes away with them.
"""

import os
import tempfile

from hypothesis import settings

# "ci" draws the same examples on every machine, so that a red run can be repeated.
settings.register_profile("ci", max_examples=1000, deadline=None, derandomize=True)
settings.register_profile("dev", max_examples=200, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

_CACHE = tempfile.TemporaryDirectory(prefix="yibao-cache-")
os.environ["YIBAO_CACHE"] = _CACHE.name
