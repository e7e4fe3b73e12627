"""Passwords that some layer between a connection and a server might misread."""

from __future__ import annotations

ODD_PASSWORDS = {
    "umlaut": "pässwörd",
    "euro": "€",
    "emoji": "🦷🔑",
    "quotes": "'\"`\\;--%_ {{ x }} {% raw %} ${y}",
    "blanks": "  a\tb\nc  ",
    "uri": "a:b@c/d?e#f[g]&h=i+%41",
    "long": "ß" * 150,
}
