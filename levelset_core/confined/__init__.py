"""Work on what a stranger sent, in a process of its own with limits: the one door for uploads.

A file may be small and still want all memory, all time, or to end the process that reads it. So
whoever serves others reads files through :func:`confined`: a forked process with everything
imported does the work, knows none of the server's secrets, and gives an answer within its limits
or is ended; then one sentence says so.
"""

from levelset_core.confined.door import ENDED, BusyError, confined, is_confined, prepare, release
from levelset_core.confined.limits import Limits

__all__ = ["ENDED", "BusyError", "Limits", "confined", "is_confined", "prepare", "release"]
