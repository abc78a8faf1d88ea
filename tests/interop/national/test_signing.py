"""Signatures of requests: the worked example of the documentation is what the client makes."""

from pathlib import Path

import pytest

from yibao.interop.national.signing import Signing, has_digest, of_body, of_headers

DOCUMENTED = (Path(__file__).parents[3] / "docs" / "interface.md").read_text(encoding="utf-8")
SECRET = b"at-least-16-characters"


def test_headers_are_signed_as_documented() -> None:
    headers = {
        "_api_name": "callService",
        "_api_version": "1.0.0",
        "_api_timestamp": "1772415000000",
        "_api_access_key": "AK1",
    }
    signature = of_headers(SECRET, headers)
    assert signature == "gt5oGLvSTuGLPke5tMfm7i95Gug="
    assert signature in DOCUMENTED


@pytest.mark.skipif(not has_digest("hmac-sm3"), reason="no SM3 in this library")
def test_a_body_is_signed_as_documented() -> None:
    signature = of_body(SECRET, b'{"infno":"9001"}')
    assert signature == "bda94e0c80aa43af74ecc74c882fda03abc8da805645c5a4e9d73d1e0848070d"
    assert signature in DOCUMENTED


def test_a_secret_is_not_shown() -> None:
    assert "at-least" not in repr(Signing("AK1", SECRET))
