"""Both suites by published vectors, and by one set of tests."""

import pytest

from yibao.store.suites import DEFAULT, SUITES, NotOpened, Suite

BOTH = pytest.mark.parametrize("suite", SUITES.values(), ids=SUITES.keys())


def raw(text: str) -> bytes:
    return bytes.fromhex(text)


def test_aes_256_gcm_by_the_vectors_of_its_specification() -> None:
    """Cases 13 to 16 of the specification of GCM (McGrew and Viega)."""
    suite, nonce = SUITES["aes-256-gcm"], bytes(12)
    assert suite.seal(bytes(32), b"", b"", nonce)[12:] == raw("530f8afbc74536b9a963b4f1c4cb738b")
    assert suite.seal(bytes(32), bytes(16), b"", nonce)[12:] == raw(
        "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"
    )
    key = raw("feffe9928665731c6d6a8f9467308308" * 2)
    text = raw(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
        "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
    )
    about = raw("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    nonce = raw("cafebabefacedbaddecaf888")
    box = suite.seal(key, text, about, nonce)
    assert box == nonce + raw(
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
        "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
        "76fc6ece0f4e1768cddf8853bb2d551b"
    )
    assert suite.open(key, box, about) == text


def test_sm4_gcm_by_the_vector_of_rfc_8998() -> None:
    suite = SUITES["sm4-gcm"]
    key, nonce = raw("0123456789abcdeffedcba9876543210"), raw("00001234567800000000abcd")
    about = raw("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    text = raw(
        "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd"
        "eeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa"
    )
    box = suite.seal(key, text, about, nonce)
    assert box == nonce + raw(
        "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
        "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
        "83de3541e4c2b58177e065a9bf7b62ec"
    )
    assert suite.open(key, box, about) == text


def test_hmac_sha_256_by_rfc_4231() -> None:
    suite = SUITES["aes-256-gcm"]
    assert suite.mac(b"\x0b" * 20, b"Hi There") == raw(
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    )
    assert suite.mac(b"Jefe", b"what do ya want for nothing?") == raw(
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )


def test_hmac_sm3_stands_on_the_published_digest_of_sm3() -> None:
    """GB/T 32905 gives the digest of "abc"; HMAC (RFC 2104) is two such digests."""
    suite = SUITES["sm4-gcm"]

    def sm3(text: bytes) -> bytes:
        from cryptography.hazmat.primitives.hashes import Hash

        work = Hash(suite.hash)
        work.update(text)
        return work.finalize()

    assert sm3(b"abc") == raw("66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0")
    key = b"key of 16 bytes!".ljust(64, b"\0")
    inner = sm3(bytes(b ^ 0x36 for b in key) + b"text")
    outer = sm3(bytes(b ^ 0x5C for b in key) + inner)
    assert suite.mac(b"key of 16 bytes!", b"text") == outer


@BOTH
def test_what_was_sealed_opens_by_key_and_subject_and_not_otherwise(suite: Suite) -> None:
    key, other = b"k" * suite.key_bytes, b"o" * suite.key_bytes
    for text in (b"x", "王芳".encode(), b"110105199003070025", b"\0" * 1000):
        box = suite.seal(key, text, b"name:P1")
        assert suite.open(key, box, b"name:P1") == text
        assert len(text) < 4 or text not in box
        for wrong in (
            (other, box, b"name:P1"),
            (key, box, b"name:P2"),
            (key, box[:20], b"name:P1"),
        ):
            with pytest.raises(NotOpened):
                suite.open(*wrong)


@BOTH
def test_one_flipped_bit_anywhere_is_seen(suite: Suite) -> None:
    key = b"k" * suite.key_bytes
    box = suite.seal(key, "王芳".encode(), b"name:P1")
    for at in range(8 * len(box)):
        changed = bytearray(box)
        changed[at // 8] ^= 1 << at % 8
        with pytest.raises(NotOpened):
            suite.open(key, bytes(changed), b"name:P1")


@BOTH
def test_one_text_is_never_sealed_alike_and_always_indexed_alike(suite: Suite) -> None:
    key, other = b"k" * suite.key_bytes, b"o" * suite.key_bytes
    assert len({suite.seal(key, b"x", b"") for _ in range(100)}) == 100
    assert suite.mac(key, b"x") == suite.mac(key, b"x") != suite.mac(other, b"x")
    assert suite.mac(key, b"x") != suite.mac(key, b"y")
    assert len(suite.mac(key, b"")) == 32


def test_the_default_is_one_of_both() -> None:
    assert DEFAULT in SUITES
