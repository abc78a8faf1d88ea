"""Two suites of ciphers behind one interface: AES with SHA-256, and the Chinese SM4 with SM3.

A suite seals a text so that it can be read, and changed unnoticed, by nobody without the key (GCM);
`about`, what the text is of, is not in it and must be said again to open it. It also makes the
keyed hash of a text (HMAC), the same for the same text.

| suite | cipher | hash | standards |
|---|---|---|---|
| aes-256-gcm | AES-256-GCM | HMAC-SHA-256 | FIPS 197, SP 800-38D; RFC 4231 |
| sm4-gcm | SM4-GCM | HMAC-SM3 | GB/T 32907, RFC 8998; GB/T 32905 |
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES256, SM4
from cryptography.hazmat.primitives.hashes import SHA256, SM3, HashAlgorithm
from cryptography.hazmat.primitives.hmac import HMAC

NONCE = 12
"""Bytes drawn at random for each text; with one key, seal at most 2**32."""
TAG = 16


class NotOpened(Exception):
    """Sealed with another key, about something else, or changed since."""


@dataclass(frozen=True, slots=True)
class Suite:
    """A cipher and a hash, with the bytes of a key."""

    name: str
    key_bytes: int
    cipher: Callable[[bytes], AES256 | SM4]
    hash: HashAlgorithm

    def seal(self, key: bytes, text: bytes, about: bytes, nonce: bytes | None = None) -> bytes:
        """Return nonce, ciphertext, tag; give no nonce but to compare with published vectors."""
        nonce = os.urandom(NONCE) if nonce is None else nonce
        work = Cipher(self.cipher(key), modes.GCM(nonce)).encryptor()
        work.authenticate_additional_data(about)
        return nonce + work.update(text) + work.finalize() + work.tag

    def open(self, key: bytes, box: bytes, about: bytes) -> bytes:
        """Return what was sealed; raises NotOpened."""
        if len(box) < NONCE + TAG:
            raise NotOpened
        nonce, text, tag = box[:NONCE], box[NONCE:-TAG], box[-TAG:]
        work = Cipher(self.cipher(key), modes.GCM(nonce, tag)).decryptor()
        work.authenticate_additional_data(about)
        try:
            return work.update(text) + work.finalize()
        except InvalidTag:
            raise NotOpened from None

    def mac(self, key: bytes, text: bytes) -> bytes:
        """Return the keyed hash of a text, 32 bytes."""
        work = HMAC(key, self.hash)
        work.update(text)
        return work.finalize()


SUITES: Mapping[str, Suite] = {
    suite.name: suite
    for suite in (
        Suite("aes-256-gcm", 32, AES256, SHA256()),
        Suite("sm4-gcm", 16, SM4, SM3()),
    )
}
DEFAULT = "aes-256-gcm"
