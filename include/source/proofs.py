"""What a client sends to prove that it knows the password, without sending it.

A challenge is the random bytes that the server sends. Each function raises ValueError for one that
is too short. The library of the signatures is imported where one is made: few sources ask for it.
"""

from __future__ import annotations

import hashlib
import secrets

_SHORT_CHALLENGE = 20
_LONG_CHALLENGE = 32
# MariaDB 11.8 asks for 1,024 rounds. Without a limit, a server could keep this process busy.
_MOST_ROUNDS = 3


def native(password: bytes, challenge: bytes) -> bytes:
    """Return the proof of mysql_native_password; an empty password has an empty one."""
    if not password:
        return b""
    once = hashlib.sha1(password).digest()  # noqa: S324 - the protocol's
    twice = hashlib.sha1(once).digest()  # noqa: S324
    sent = hashlib.sha1(_first(challenge, _SHORT_CHALLENGE) + twice).digest()  # noqa: S324
    return _xor(once, sent)


def caching_sha2(password: bytes, challenge: bytes) -> bytes:
    """Return the first proof of caching_sha2_password, for a server that remembers the account."""
    if not password:
        return b""
    once = hashlib.sha256(password).digest()
    twice = hashlib.sha256(once).digest()
    return _xor(once, hashlib.sha256(twice + _first(challenge, _SHORT_CHALLENGE)).digest())


def ed25519(password: bytes, challenge: bytes) -> bytes:
    """Return the proof of MariaDB's ed25519: a signature by a key that is the password's hash.

    The steps are those of RFC 8032, 5.1.6, whose key has 32 bytes where the password has any.
    """
    from nacl import bindings as curve

    message = _first(challenge, _LONG_CHALLENGE)
    expanded = hashlib.sha512(password).digest()
    secret = bytes([expanded[0] & 248, *expanded[1:31], expanded[31] & 127 | 64])
    public = curve.crypto_scalarmult_ed25519_base_noclamp(secret)
    nonce = _number(expanded[32:] + message)
    point = curve.crypto_scalarmult_ed25519_base_noclamp(nonce)
    product = curve.crypto_core_ed25519_scalar_mul(_number(point + public + message), secret)
    return point + curve.crypto_core_ed25519_scalar_add(product, nonce)


def parsec(password: bytes, challenge: bytes, salt: bytes) -> bytes:
    """Return the proof of MariaDB's parsec: random bytes, and a signature of both challenges.

    `salt` is the account's: the letter P, the power of two of 1,024 rounds, and random bytes.
    Raises ValueError for one that is not, and for more than 8,192 rounds.
    """
    from nacl.signing import SigningKey

    message = _first(challenge, _LONG_CHALLENGE) + secrets.token_bytes(_LONG_CHALLENGE)
    if salt[:1] != b"P" or len(salt) < 3 or salt[1] > _MOST_ROUNDS:
        raise ValueError("no salt of this method")
    seed = hashlib.pbkdf2_hmac("sha512", password, salt[2:], 1024 << salt[1], 32)
    return message[_LONG_CHALLENGE:] + SigningKey(seed).sign(message).signature


def _first(challenge: bytes, size: int) -> bytes:
    if len(challenge) < size:
        raise ValueError("the challenge is too short")
    return challenge[:size]


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def _number(text: bytes) -> bytes:
    from nacl import bindings as curve

    return curve.crypto_core_ed25519_scalar_reduce(hashlib.sha512(text).digest())
