"""What nlan knows of labs: a tega database each."""

from nlan.state.database import LabState
from nlan.state.opening import database_path, find_state, forget, get_state, known_labs, open_state
from nlan.state.revisions import CONFIG, Revision

__all__ = [
    "CONFIG",
    "LabState",
    "Revision",
    "database_path",
    "find_state",
    "forget",
    "get_state",
    "known_labs",
    "open_state",
]
