"""Live training sessions: worker processes train, a hub in the server hands on what they send."""

from levelset_core.live.hub import LiveHub, get_hub
from levelset_core.live.lessons import Lesson
from levelset_core.live.live_session import LiveSession
from levelset_core.live.state import PlaygroundState

__all__ = ["Lesson", "LiveHub", "LiveSession", "PlaygroundState", "get_hub"]
