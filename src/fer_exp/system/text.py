"""Text from elsewhere, such as names of files, where it could do more than be read."""

from __future__ import annotations

import logging
import re

FORMULA = re.compile(r"[=+\-@\t\r]")  # begins what a spreadsheet computes (OWASP, CSV injection)
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # all but tab and newline


def no_formula(text: str) -> str:
    """Return text with an apostrophe before it where a spreadsheet would take it for a formula."""
    return f"'{text}" if FORMULA.match(text) else text


def visible(text: str) -> str:
    """Return text in which control characters, which a terminal would obey, are written out, such as \\x1b."""
    return CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


class VisibleFormatter(logging.Formatter):
    """Formats what is logged for a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as text in which control characters are written out."""
        return visible(super().format(record))
