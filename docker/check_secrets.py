"""Refuse secrets that somebody else knows or can guess; compose runs this before anything starts.

Usage: check_secrets.py NAME...    each the name of a variable that holds a secret

Exits with 1 and one line for each secret that is empty, short, well known, made of few characters,
the same as another, or of characters that a URI or compose would take for something else. A line
never holds a secret, nor its length.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import sys
from collections.abc import Iterator, Mapping

# A secret is as strong as a random one of this many characters; `bin/env` makes longer ones.
LEAST_CHARACTERS = 16
# Airflow signs its tokens with SHA-512, whose keys have 64 bytes or more.
LEAST_OF = {"AIRFLOW_JWT_SECRET": 64, "AIRFLOW_API_SECRET_KEY": 32}
LEAST_DISTINCT = 8
FERNET_BYTES = 32
# They stand in URIs, in Airflow's configuration and in .env, which each read others as special.
PLAIN = re.compile(r"[A-Za-z0-9._~=-]+")
WELL_KNOWN = (
    "changeme",
    "password",
    "secret",
    "admin",
    "airflow",
    "warehouse",
    "dental",
    "example",
)
ADVICE = (
    "Nothing was started. `bin/env` writes a .env with generated secrets; see docs/security.md."
)


def faults(secrets: Mapping[str, str]) -> Iterator[str]:
    """Yield one line for each secret that must not be used."""
    seen: dict[str, str] = {}
    for name, secret in secrets.items():
        fault = fault_of(name, secret)
        if not fault and secret in seen:
            fault = f"is the same as {seen[secret]}"
        if fault:
            yield f"{name} {fault}"
        seen.setdefault(secret, name)


def fault_of(name: str, secret: str) -> str:
    """Return what is wrong with one secret by itself, empty for nothing."""
    least = LEAST_OF.get(name, LEAST_CHARACTERS)
    plain = "".join(character for character in secret.lower() if character.isalnum())
    for word in WELL_KNOWN:
        plain = plain.replace(word, "")
    if not secret:
        return "is empty"
    if len(secret) < least:
        return f"has fewer than {least} characters"
    if not PLAIN.fullmatch(secret):
        return "has characters other than letters, digits and . _ ~ = -"
    if len(plain) < LEAST_CHARACTERS or len(set(plain)) < LEAST_DISTINCT:
        return "is a well-known word, or a few characters again and again"
    if name == "AIRFLOW_FERNET_KEY" and not is_fernet_key(secret):
        return f"is not {FERNET_BYTES} bytes in url-safe base64"
    return ""


def is_fernet_key(text: str) -> bool:
    """Return whether this is a key as Airflow's encryption of connections wants it."""
    try:
        return len(base64.b64decode(text, altchars=b"-_", validate=True)) == FERNET_BYTES
    except (binascii.Error, ValueError):
        return False


def main(names: list[str]) -> int:
    """Check the named variables; return the exit code."""
    lines = list(faults({name: os.environ.get(name, "") for name in names}))
    sys.stderr.writelines(f"secrets: {line}\n" for line in ([*lines, ADVICE] if lines else ()))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
