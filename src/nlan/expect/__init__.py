"""What a lab comes to once it has converged, computed from the model alone.

`nlan up --wait converged` waits for exactly this and names what is missing.
Where the model does not tell (raw daemon configuration may filter), nothing is
expected rather than guessed: a missing expectation costs a weaker wait, a
wrong one a wait in vain.
"""

from nlan.expect.converged import Expectation, Session, expectation
from nlan.expect.hindrances import Hindrance

__all__ = ["Expectation", "Hindrance", "Session", "expectation"]
