"""Passwords and tokens in addresses, which nobody should read where the address is shown."""

from __future__ import annotations

import re

# user and password, or a token in their place, up to the last @ before the path
USER = re.compile(r"(://)[^/?#\s]*@")
# values of ?password=, &access_token= and the like
SECRET = "passw|pwd|token|secret|key|auth|credential|signature"
QUERY = re.compile(rf"([?&;][^=&;#\s]*(?:{SECRET})[^=&;#\s]*=)[^&;#\s]*", re.IGNORECASE)


def hide_secrets(text: str) -> str:
    """Return a text with `***` in place of what may be secret in the addresses in it."""
    return QUERY.sub(r"\1***", USER.sub(r"\1***@", text))
