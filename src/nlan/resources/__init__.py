"""What a host holds: frozen values; see `nlan.resources.base`. The kinds of them are in `nlan.kinds`."""

from nlan.resources.base import (
    FABRIC,
    HOST,
    IMPACTS,
    NAMESPACE,
    Difference,
    Impact,
    Key,
    Rank,
    Resource,
    link_key,
)
from nlan.resources.foreign import Foreign

__all__ = [
    "FABRIC",
    "HOST",
    "IMPACTS",
    "NAMESPACE",
    "Difference",
    "Foreign",
    "Impact",
    "Key",
    "Rank",
    "Resource",
    "link_key",
]
