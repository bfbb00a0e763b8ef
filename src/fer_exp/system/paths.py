"""The folders of the project and of its configuration, in a checkout and installed as a package."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
INSTALLED = (PACKAGE / "conf").is_dir()  # a wheel brings its own conf/; in a checkout it is the one you edit
ROOT = Path.cwd() if INSTALLED else PACKAGE.parents[1]  # where mlruns/ is
CONF = PACKAGE / "conf" if INSTALLED else ROOT / "conf"


def command_line(verb: str) -> str:
    """Return how a verb is started here: by its script in a checkout that has one, by the package's command else."""
    if INSTALLED:
        return f"fer-exp {verb}"
    return f"python {verb}.py" if (ROOT / f"{verb}.py").is_file() else f"python -m fer_exp {verb}"
