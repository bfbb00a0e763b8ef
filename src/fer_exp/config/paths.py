"""Where the project and its configuration lie."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
CONF = ROOT / "conf"
