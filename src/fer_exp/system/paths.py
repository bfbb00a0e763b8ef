"""The folders of the project and of its configuration."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
ROOT = PACKAGE.parents[1]
CONF = ROOT / "conf"
