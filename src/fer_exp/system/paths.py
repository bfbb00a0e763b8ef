"""Where the project and its configuration lie."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
ROOT = PACKAGE.parents[1]
CONF = ROOT / "conf"
