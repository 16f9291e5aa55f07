"""JSON text: strict in, stable out; and packed analyses that notice every damage."""

from __future__ import annotations

import struct
import time
import zlib

import factories
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import DocumentError
from engine.model import documents
from engine.model.documents import text as json_text

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(plain)
def test_any_json_goes_round_and_can_be_written(value: object) -> None:
    written = documents.dumps(value)
    assert documents.loads(written) == documents.loads(written.encode("utf-8")) == value
    assert documents.dumps(documents.loads(written)) == written


def test_text_is_readable_and_keeps_the_order_of_keys() -> None:
    assert documents.dumps({"b": 1, "a": ["é"]}) == '{\n  "b": 1,\n  "a": [\n    "é"\n  ]\n}\n'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Expecting value"),
        ("{", "Expecting"),
        ('{"a": 1} x', "Extra data"),
        ('{"a": 1, "b": 2, "a": 3}', "the key 'a' is there twice"),
        ('[{"x": {"y": 1, "y": 1}}]', "'y' is there twice"),
        ("[NaN]", "NaN is not a number"),
        ("[Infinity]", "Infinity"),
        ("[-Infinity]", "-Infinity"),
        ("[1e999]", "too large a number"),
        ("[" + "9" * 41 + "]", "unreasonably long"),
        ("[" * 66 + "]" * 66, "nested"),
        ("[" * 100_000, "nested"),
        (b"\xff\xfe", "utf-8"),
    ],
)
def test_broken_text_is_refused_with_the_reason(text: str | bytes, why: str) -> None:
    with pytest.raises(DocumentError, match=why) as caught:
        documents.loads(text)
    assert caught.value.code == "document_malformed" and caught.value.hint


def test_reasonable_depth_and_a_byte_order_mark_are_fine() -> None:
    assert documents.loads("\ufeff[1]") == documents.loads("[1]".encode("utf-8-sig")) == [1]
    assert documents.loads("[" * 60 + "]" * 60)


def test_huge_text_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_text, "MAX_BYTES", 100)
    with pytest.raises(DocumentError, match="too large"):
        documents.loads("[" + "1," * 100 + "1]")


def test_many_equal_keys_do_not_keep_the_reader_busy() -> None:
    began = time.process_time()
    with pytest.raises(DocumentError, match="twice"):
        documents.loads("{" + ",".join(f'"k{k}": 1' for k in range(200_000)) + ', "k199999": 1}')
    assert time.process_time() - began < 5.0


def test_nan_never_gets_written() -> None:
    with pytest.raises(ValueError, match="JSON"):
        documents.dumps([float("nan")])


# --- packed analyses -------------------------------------------------------------------------------------------------

BLOB = documents.pack(factories.clip_analysis(seed=1))


def test_a_packed_analysis_is_small_and_comes_back() -> None:
    analysis = factories.clip_analysis(seed=1)
    assert documents.unpack(BLOB) == analysis
    assert len(BLOB) < len(documents.dumps(documents.encode(analysis))) / 2
    assert documents.pack(analysis) == BLOB


def test_unpacked_arrays_cannot_be_changed_by_accident() -> None:
    with pytest.raises(ValueError, match="read-only"):
        documents.unpack(BLOB).curves["motion"].values[0] = 1


@settings(max_examples=200)
@given(st.integers(0, len(BLOB) - 1), st.integers(1, 255))
def test_a_changed_byte_is_noticed(at: int, by: int) -> None:
    """zlib's own header has bits that carry nothing, so the first bytes may also decode to the same analysis."""
    damaged = bytearray(BLOB)
    damaged[at] ^= by
    try:
        again = documents.unpack(bytes(damaged))
    except DocumentError as refused:
        assert refused.code == "blob_damaged"
    else:
        assert again == documents.unpack(BLOB)


@pytest.mark.parametrize("length", [0, 3, 4, 10, len(BLOB) // 2, len(BLOB) - 1])
def test_a_cut_off_blob_is_noticed(length: int) -> None:
    with pytest.raises(DocumentError):
        documents.unpack(BLOB[:length])


def _blob(head: bytes, arrays: bytes = b"") -> bytes:
    return b"CPA1" + zlib.compress(struct.pack("<I", len(head)) + head + arrays)


@pytest.mark.parametrize(
    "blob",
    [
        BLOB + b"x",
        b"CPA2" + BLOB[4:],
        b"\x80\x04\x95pickle",
        _blob(b"[]"),
        _blob(b"{}"),
        _blob(b'{"head": {}, "curves": [], "signatures": 0}'),
        _blob(b"[" * 10_000),
        b"CPA1" + zlib.compress(b""),
    ],
)
def test_what_pack_did_not_write_is_refused(blob: bytes) -> None:
    with pytest.raises(DocumentError) as caught:
        documents.unpack(blob)
    assert caught.value.code == "blob_damaged"


@pytest.mark.parametrize(
    "change",
    [
        (b'"signatures": 300}', b'"signatures": -1}'),
        (b'"signatures": 300}', b'"signatures": 299}'),
        (b'"motion": [1, 300]', b'"motion": [0, 300]'),
    ],
)
def test_a_head_that_lies_about_its_arrays_is_refused(change: tuple[bytes, bytes]) -> None:
    body = zlib.decompress(BLOB[4:])
    size = struct.unpack("<I", body[:4])[0]
    head = body[4 : 4 + size]
    assert change[0] in head
    with pytest.raises(DocumentError):
        documents.unpack(_blob(head.replace(*change), body[4 + size :]))


def test_a_bomb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.model.documents import packed

    monkeypatch.setattr(packed, "MAX_BYTES", 1 << 20)
    with pytest.raises(DocumentError):
        documents.unpack(b"CPA1" + zlib.compress(b"\0" * (4 << 20)))
