"""SM2 signatures: the standard's own example, signatures made here, and everything that is none."""

import random
import time

import pytest

from yibao.api.guard import sm2
from yibao.api.guard.sm2 import PublicKey, public_key, verify

# GB/T 32918.5-2017, example of a signature.
KEY = (
    "0409F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
)
SIGNED = bytes.fromhex(
    "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
    "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
)
MESSAGE = b"message digest"


def times(k: int, of: tuple[int, int] = sm2._G) -> tuple[int, int]:
    """Return k·point by the school's formulas, apart from those that are tested."""
    p, found, add = sm2._P, None, of
    while k:
        if k & 1:
            found = plus(found, add)
        add = plus(add, add)
        k >>= 1
    assert found is not None
    assert (found[1] ** 2 - found[0] ** 3 - sm2._A * found[0] - sm2._B) % p == 0
    return found


def plus(one: tuple[int, int] | None, two: tuple[int, int]) -> tuple[int, int]:
    p = sm2._P
    if one is None:
        return two
    if one == two:
        slope = (3 * one[0] ** 2 + sm2._A) * pow(2 * one[1], -1, p)
    else:
        slope = (two[1] - one[1]) * pow(two[0] - one[0], -1, p)
    x = (slope**2 - one[0] - two[0]) % p
    return x, (slope * (one[0] - x) - one[1]) % p


def sign(secret: int, message: bytes, draw: random.Random) -> bytes:
    """Sign as the standard has it; for tests, of keys that are none."""
    key = PublicKey(*times(secret))
    e = int.from_bytes(sm2.sm3(sm2._of(key, sm2.USUAL_ID) + message))
    k = draw.randrange(1, sm2._N)
    r = (e + times(k)[0]) % sm2._N
    s = pow(1 + secret, -1, sm2._N) * (k - r * secret) % sm2._N
    return r.to_bytes(32) + s.to_bytes(32)


def test_the_example_of_the_standard() -> None:
    key = public_key(KEY)
    assert sm2._of(key, sm2.USUAL_ID).hex() == (
        "b2e14c5c79c6df5b85f4fe7ed8db7a262b9da7e07ccb0ea9f4747b8ccda8a4f3"
    )
    assert verify(key, MESSAGE, SIGNED)
    assert not verify(key, MESSAGE + b".", SIGNED)
    assert not verify(key, MESSAGE, SIGNED, who=b"other")


def test_every_bit_of_a_signature_counts() -> None:
    key = public_key(KEY)
    for bit in range(0, 512, 7):
        changed = bytearray(SIGNED)
        changed[bit // 8] ^= 1 << bit % 8
        assert not verify(key, MESSAGE, bytes(changed)), bit


def test_signatures_of_many_keys() -> None:
    draw = random.Random(7)
    other = PublicKey(*times(5))
    for secret in (1, 2, 3, sm2._N - 2, *(draw.randrange(1, sm2._N - 1) for _ in range(12))):
        key = PublicKey(*times(secret))
        message = draw.randbytes(draw.randrange(100))
        signature = sign(secret, message, draw)
        assert verify(key, message, signature), secret
        assert not verify(other, message, signature)


@pytest.mark.parametrize(
    "signature",
    [
        b"",
        SIGNED[:63],
        SIGNED + b"\0",
        bytes(64),
        bytes(32) + SIGNED[32:],
        SIGNED[:32] + bytes(32),
        sm2._N.to_bytes(32) + SIGNED[32:],
        SIGNED[:32] + sm2._N.to_bytes(32),
        SIGNED[:32] + (sm2._N - int.from_bytes(SIGNED[:32])).to_bytes(32),  # r + s = n
        b"\xff" * 64,
    ],
)
def test_signatures_that_are_none(signature: bytes) -> None:
    assert not verify(public_key(KEY), MESSAGE, signature)


@pytest.mark.parametrize(
    "text",
    ["", KEY[2:], "05" + KEY[2:], KEY[:-1], KEY[:-1] + "4", "04" + "f" * 128, KEY[:-1] + "x"],
)
def test_keys_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        public_key(text)


def test_it_takes_milliseconds() -> None:
    key, begun = public_key(KEY), time.process_time()
    for _ in range(20):
        verify(key, MESSAGE, SIGNED)
    assert (time.process_time() - begun) / 20 < 0.05
