"""A distribution put on the path as an installer puts it: its packages, its metadata, its entry points."""

from __future__ import annotations

import os
import shutil
import tomllib
from pathlib import Path
from typing import Any

from support import ROOT, Nlan

DISTRIBUTION = ROOT / "tests/plugins/distribution"


def project() -> dict[str, Any]:
    """Return what the distribution says of itself."""
    table: dict[str, Any] = tomllib.loads((DISTRIBUTION / "pyproject.toml").read_text(encoding="utf-8"))
    return table["project"]


def install(site: Path) -> None:
    """Install the distribution into a folder."""
    shutil.copytree(DISTRIBUTION / "lookout", site / "lookout", ignore=shutil.ignore_patterns("__pycache__"))
    about = project()
    write_metadata(site, about["name"], about["version"], about["entry-points"])


def write_metadata(site: Path, name: str, version: str, points: dict[str, dict[str, str]]) -> None:
    """Write what an installer writes of a distribution."""
    metadata = site / f"{name.replace('-', '_')}-{version}.dist-info"
    metadata.mkdir(parents=True)
    text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    (metadata / "METADATA").write_text(text, encoding="utf-8")
    groups = (
        f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in parts.items())
        for group, parts in points.items()
    )
    (metadata / "entry_points.txt").write_text("\n".join(groups), encoding="utf-8")


def beside(nlan: Nlan, site: Path) -> None:
    """Let nlan find what is installed in a folder."""
    before = nlan.env.get("PYTHONPATH")
    nlan.env["PYTHONPATH"] = str(site) if before is None else f"{site}{os.pathsep}{before}"
