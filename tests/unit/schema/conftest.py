from collections.abc import Callable
from pathlib import Path

import pytest

from nlan.errors import InputError, Problem
from nlan.schema import Allocations, Loaded, load

Load = Callable[..., Loaded]
Problems = Callable[..., list[Problem]]


@pytest.fixture
def read() -> Load:
    """Load a text as if it were the file lab.yaml."""

    def read(text: str, allocations: Allocations | None = None, lab: str | None = None) -> Loaded:
        return load(Path("lab.yaml"), lab=lab, allocations=allocations, text=text)

    return read


@pytest.fixture
def problems_of() -> Problems:
    """Load a text that is wrong; return what is said of it."""

    def problems_of(text: str) -> list[Problem]:
        with pytest.raises(InputError) as raised:
            load(Path("lab.yaml"), text=text)
        return list(raised.value.problems)

    return problems_of
