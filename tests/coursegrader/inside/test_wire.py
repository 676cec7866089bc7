"""Values that cross come back the same; nothing else comes to life, and no bytes do harm."""

import collections
import enum
import fractions
import math
import pickle
import struct
import tracemalloc

import msgpack
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from coursegrader.inside.wire import (
    LENGTHS,
    MAX_ARRAYS,
    MAX_DEPTH,
    MAX_HEADER,
    MAX_INTEGER_BYTES,
    MAX_KEYS,
    Handle,
    Tensor,
    WireError,
    lengths,
    pack,
    unpack,
)

STAYS = Handle(7, "Stays")


def parts(frame: bytes) -> tuple[bytes, bytes]:
    """Header and arrays of a frame, which must be as long as it says."""
    header, arrays = lengths(frame[: LENGTHS.size])
    body = frame[LENGTHS.size :]
    assert len(body) == header + arrays
    return body[:header], body[header:]


def cross(value, make_tensor=lambda array: array):
    """There and back; what cannot cross becomes STAYS."""
    return unpack(*parts(pack(value, lambda _: STAYS)), lambda handle: handle, make_tensor)


def forged(tree, arrays: bytes = b""):
    """Decode a header that `pack` did not write."""
    return unpack(msgpack.packb(tree), arrays, lambda handle: handle)


def same(one, other) -> bool:
    """Equal in value, type and shape; NaN equals NaN, and minus zero is not zero."""
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        # pack writes the dtype's own byte order: equal dtypes, equal bytes.
        return (
            one.dtype == other.dtype
            and one.shape == other.shape
            and one.tobytes() == other.tobytes()
        )
    if isinstance(one, float):
        return struct.pack("d", one) == struct.pack("d", other)
    if isinstance(one, complex):
        return same(one.real, other.real) and same(one.imag, other.imag)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return same(list(one), list(other)) and same(list(one.values()), list(other.values()))
    return one == other


texts = st.text(st.characters(exclude_categories=["Cs"]))
keys = st.one_of(
    st.none(), st.booleans(), st.integers(-(1 << 200), 1 << 200), texts, st.binary(max_size=20)
)
arrays = hnp.arrays(
    st.one_of(
        hnp.boolean_dtypes(),
        hnp.integer_dtypes(endianness="?"),
        hnp.unsigned_integer_dtypes(endianness="?"),
        hnp.floating_dtypes(endianness="?"),
        hnp.complex_number_dtypes(endianness="?"),
    ),
    hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
)
scalars = st.one_of(
    keys,
    st.floats(allow_nan=True).map(lambda x: math.nan if math.isnan(x) else x),
    st.complex_numbers(allow_nan=False),
    arrays,
)
hashable = st.recursive(keys, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=5)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.sets(hashable, max_size=4),
        st.dictionaries(hashable, inner, max_size=4),
    ),
    max_leaves=12,
)


@given(values)
def test_whatever_may_cross_comes_back_the_same(value):
    assert same(cross(value), value)


@pytest.mark.parametrize(
    "value",
    [
        -(1 << 63),
        (1 << 63) - 1,
        1 << 63,
        -(1 << 63) - 1,
        1 << 64,
        (1 << (8 * MAX_INTEGER_BYTES - 9)),
        math.nan,
        -math.inf,
        -0.0,
        complex(-0.0, math.inf),
        "\0\u202e😀",
        b"\0\xff",
        [],
        (),
        set(),
        {},
        {1: {2: ({3},)}},
        np.zeros((0, 3)),
        np.array(3),
        np.array(True),
        np.arange(24).reshape(2, 3, 4)[::-1, :, ::2],
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(3, dtype=">i2"),
        np.array([math.nan, -0.0, math.inf], dtype=">f4"),
        np.zeros((1,) * 32),
        np.broadcast_to(np.float32(1), (2, 3)),
    ],
    ids=repr,
)
def test_the_edges_cross(value):
    assert same(cross(value), value)


def test_an_array_arrives_as_a_copy_that_may_be_written():
    sent = np.zeros(3)
    sent.flags.writeable = False
    got = cross(sent)
    got[0] = 1
    assert sent[0] == 0


def test_a_truth_value_is_0_or_1_whatever_its_byte():
    lying = np.array([0, 1, 2, 255], np.uint8).view(bool)
    assert cross(lying).view(np.uint8).tolist() == [0, 1, 1, 1]
    assert cross(np.uint8(2).view(bool)) is True


@pytest.mark.parametrize(
    ("sent", "got"),
    [
        (np.float32(0.5), 0.5),
        (np.int8(-3), -3),
        (np.uint64(1 << 63), 1 << 63),
        (np.True_, True),
        (np.complex64(1j), 1j),
        (np.str_("a"), "a"),
        (np.bytes_(b"a"), b"a"),
        (np.longdouble(1.5), 1.5),
        (np.clongdouble(1.5j), 1.5j),
        (frozenset({1}), {1}),
        ("a\ud800b", "a?b"),
    ],
    ids=repr,
)
def test_what_becomes_its_plain_kin(sent, got):
    assert same(cross(sent), got)


class Loud(float):
    """Equal to everything."""

    def __eq__(self, other):
        return True

    __hash__ = float.__hash__


class Ours(enum.IntEnum):
    ONE = 1


class Payload:
    def __reduce__(self):
        return eval, ("1 / 0",)


Pair = collections.namedtuple("Pair", "one other")


def test_nothing_else_crosses():
    opaque = [
        Loud(1.0),
        Ours.ONE,
        Pair(1, 2),
        collections.OrderedDict(),
        collections.Counter("aab"),
        type("Texts", (str,), {})("a"),
        type("Items", (list,), {})([1]),
        np.array([Payload()], dtype=object),
        np.array([1]).astype("m8[s]"),
        np.array(["a"]),
        np.zeros(2, dtype=[("x", "f8"), ("y", "f8")]),
        np.ma.masked_array([1.0]),
        np.zeros(2).view(type("Lying", (np.ndarray,), {})),
        torch.zeros(2).as_subclass(type("Lying", (torch.Tensor,), {})),
        fractions.Fraction(1, 2),
        Payload(),
        Payload,
        bytearray(b"a"),
        memoryview(b"a"),
        range(3),
        (item for item in ()),
        len,
        math,
        NotImplemented,
        ...,
        object(),
    ]
    for value in opaque:
        assert cross(value) == STAYS, value
    assert cross([1, Payload(), {2: Loud(3.0)}]) == [1, STAYS, {2: STAYS}]
    assert cross(pickle.dumps(Payload())) == pickle.dumps(Payload())  # bytes stay bytes


def test_a_subclass_says_nothing_on_the_way():
    class Explosive(dict):
        def items(self):
            raise AssertionError("asked")

        __len__ = __iter__ = __eq__ = items

        __hash__ = None

    assert cross(Explosive()) == STAYS


@pytest.mark.parametrize(
    "tensor",
    [
        torch.arange(6).reshape(2, 3).T,
        torch.zeros(0, 4),
        torch.tensor(1.5),
        torch.tensor([True, False]),
        torch.ones(2, requires_grad=True) * 2,
        torch.nn.Parameter(torch.ones(2)),
        torch.tensor([1 + 2j]).conj(),
        torch.tensor([1 + 2j]).conj().imag,
        torch.ones(2, dtype=torch.float16),
        torch.ones(2, dtype=torch.bfloat16),
    ],
    ids=str,
)
def test_a_tensor_comes_back_as_an_array(tensor):
    got = cross(tensor)
    assert type(got) is np.ndarray
    assert got.shape == tuple(tensor.shape)
    assert got.tolist() == tensor.tolist()


@pytest.mark.parametrize(
    "tensor",
    [
        torch.eye(2).to_sparse(),
        torch.zeros(2, device="meta"),
        torch.zeros(2, dtype=torch.float8_e5m2),
    ],
    ids=["sparse", "meta", "float8"],
)
def test_a_tensor_that_numpy_does_not_know_stays(tensor):
    assert cross(tensor) == STAYS


def test_an_array_can_arrive_as_a_tensor():
    got = cross([Tensor(np.arange(3.0)), np.arange(2)], torch.from_numpy)
    assert type(got[0]) is torch.Tensor
    assert got[0].tolist() == [0, 1, 2]
    assert type(got[1]) is np.ndarray
    assert cross(Tensor([1, 2]), torch.from_numpy).tolist() == [1, 2]
    with pytest.raises(WireError, match="holds no numbers"):
        pack(Tensor(["text"]), lambda _: STAYS)


def test_a_handle_crosses_as_a_handle():
    assert cross([Handle(3, "Filter")]) == [Handle(3, "Filter")]
    assert forged(["h", 0, "x" * 500]) == Handle(0, "x" * 100)


def nested(depth: int, wrap=lambda value: [value]):
    value = None
    for _ in range(depth):
        value = wrap(value)
    return value


@pytest.mark.parametrize("wrap", [lambda v: [v], lambda v: (v,), lambda v: {0: v}])
def test_nesting_has_an_end(wrap):
    assert cross(nested(MAX_DEPTH, wrap)) == nested(MAX_DEPTH, wrap)
    with pytest.raises(WireError, match="nests deeper"):
        pack(nested(MAX_DEPTH + 1, wrap), lambda _: STAYS)


def test_a_value_that_contains_itself_is_refused():
    loop: list = []
    loop.append(loop)
    with pytest.raises(WireError, match="contains itself"):
        pack(loop, lambda _: STAYS)


@pytest.mark.parametrize(
    "value",
    [
        1 << 8 * MAX_INTEGER_BYTES,
        "a" * (MAX_HEADER + 1),
        [None] * (MAX_HEADER + 1),
        np.broadcast_to(np.uint8(0), MAX_ARRAYS + 1),
        set(range(MAX_KEYS + 1)),
        [dict.fromkeys(range(MAX_KEYS // 2)), dict.fromkeys(range(MAX_KEYS // 2)), {1, 2}],
    ],
    ids=["integer", "text", "list", "array", "set", "dicts"],
)
def test_too_large_is_refused(value):
    with pytest.raises(WireError, match="too large"):
        pack(value, lambda _: STAYS)


@pytest.mark.parametrize("announced", [(MAX_HEADER + 1, 0), (0, MAX_ARRAYS + 1), (2**32 - 1,) * 2])
def test_a_frame_that_announces_too_much_is_refused(announced):
    with pytest.raises(WireError, match="too large"):
        lengths(LENGTHS.pack(*announced))


MALFORMED = {
    "no tag": [],
    "unknown tag": ["x"],
    "a tag that is no text": [[1], 2],
    "a map": {"a": 1},
    "an extension": msgpack.ExtType(5, b"x"),
    "a time": msgpack.Timestamp(1),
    "a key without a value": ["d", 1],
    "an unhashable key": ["d", ["l"], 1],
    "an unhashable item": ["s", ["d"]],
    "an unhashable item further in": ["s", ["t", ["l"]]],
    "an array as a key": ["d", ["a", "<f8", [0], False], 1],
    "an integer without bytes": ["i"],
    "an integer of two": ["i", b"1", b"2"],
    "an integer from text": ["i", "12"],
    "a giant integer": ["i", b"\1" * (MAX_INTEGER_BYTES + 1)],
    "half a complex number": ["c", 1.0],
    "a complex number of texts": ["c", "1", "2"],
    "a handle without a number": ["h"],
    "a handle of text": ["h", "0", "x"],
    "a handle without a name": ["h", 0, None],
    "too many keys": ["s", *range(MAX_KEYS + 1)],
    "too many pairs": ["l", *[["d", *range(2 * 1000)]] * 6],
}
ARRAYS = {
    "nothing": [],
    "no shape": ["<f8"],
    "a negative side": ["<f8", [-1], False],
    "two negative sides": ["<f8", [-1, -2], False],
    "a side of text": ["<f8", ["2"], False],
    "a side that is a truth value": ["<f8", [True], False],
    "a fraction of a side": ["<f8", [1.0], False],
    "a huge empty shape": ["<f8", [0, 1 << 40], False],
    "a product beyond 64 bits": ["<f8", [1 << 26] * 5, False],
    "an empty array whose sum is large": ["|u1", [1 << 14, 0, 1 << 13], False],
    "an empty product of giants": ["<f8", [0, *[1 << 26] * 5], False],
    "33 axes": ["<f8", [1] * 33, False],
    "more than there is": ["<f8", [3], False],
    "less than there is": ["<f8", [1], False],
    "objects": ["|O", [2], False],
    "objects of eight bytes": ["|O8", [2], False],
    "texts": ["<U2", [2], False],
    "records": ["V8", [2], False],
    "dates": ["<M8[s]", [2], False],
    "fields": ["f8,f8", [1], False],
    "no type": ["", [2], False],
    "no such type": ["<f7", [2], False],
    "a type that is a list": [["<f8"], [2], False],
    "a shape that is a number": ["<f8", 2, False],
    "maybe a tensor": ["<f8", [2], 1],
    "one item more": ["<f8", [2], False, 0],
}


@pytest.mark.parametrize("tree", MALFORMED.values(), ids=MALFORMED)
def test_what_pack_does_not_write_is_refused(tree):
    with pytest.raises(WireError):
        forged(tree)
    with pytest.raises(WireError):
        forged(["l", 1, tree])


@pytest.mark.parametrize("tree", ARRAYS.values(), ids=ARRAYS)
def test_an_array_that_lies_is_refused(tree):
    for data in (bytes(16), b""):
        with pytest.raises(WireError):
            forged(["a", *tree], data)


def test_bytes_are_used_once_and_all_of_them():
    one = ["a", "<f8", [2], False]
    assert same(forged(["l", one, one], bytes(32)), [np.zeros(2)] * 2)
    for available in (16, 31, 33):
        with pytest.raises(WireError):
            forged(["l", one, one], bytes(available))


def test_a_small_frame_makes_no_large_value():
    """An array that is claimed 10,000 times would take 10 GB."""
    data = bytes(1 << 20)
    header = msgpack.packb(["l", *[["a", "|u1", [len(data)], False]] * 10_000])
    tracemalloc.start()
    try:
        with pytest.raises(WireError):
            unpack(header, data, lambda handle: handle)
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"\xc1",
        b"\x91" * 40 + b"\xc0",
        b"\x91" * 2000 + b"\xc0",
        b"\x92\xa1l" * 40 + b"\xc0",
        b"\xdd\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        b"\xdb\xff\xff\xff\xff",
        b"\xdd\x00\x0f\xff\xff" * 100,
        b"\xa1\xff",
        b"\xc0\xc0",
        b"\x81\x90\xc0",
        b"\xd6\xff\x00\x00\x00",
    ],
    ids=lambda header: header[:8].hex() or "empty",
)
def test_a_header_that_is_not_msgpack_or_nests_too_deeply(header):
    with pytest.raises(WireError):
        unpack(header, b"", lambda handle: handle)


def only_a_wire_error(header: bytes, data: bytes) -> None:
    try:
        unpack(header, data, lambda handle: handle)
    except WireError:
        return


@given(st.binary(max_size=200), st.binary(max_size=16))
@settings(max_examples=300)
def test_no_bytes_raise_anything_else(header, data):
    only_a_wire_error(header, data)


trees = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(1 << 63), (1 << 64) - 1),
        st.floats(),
        st.sampled_from(["l", "t", "s", "d", "i", "c", "a", "h", "<f8", "|b1", "|O8"]),
        st.binary(max_size=4),
    ),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from("ltsdicah"), st.lists(inner, max_size=4)).map(
            lambda pair: [pair[0], *pair[1]]
        ),
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    ),
    max_leaves=12,
)


@given(trees, st.binary(max_size=16))
@settings(max_examples=300)
def test_no_tree_raises_anything_else(tree, data):
    only_a_wire_error(msgpack.packb(tree), data)


@given(values, st.data())
def test_a_damaged_frame_raises_nothing_else(value, data):
    header, array_bytes = parts(pack(value, lambda _: STAYS))
    place = data.draw(st.integers(0, len(header) - 1))
    byte = data.draw(st.binary(min_size=1, max_size=1))
    only_a_wire_error(header[:place] + byte + header[place + 1 :], array_bytes)
    only_a_wire_error(header[:place], array_bytes)
    only_a_wire_error(header, array_bytes[:-1])


def test_a_handle_that_cannot_be_opened_is_a_wire_error():
    objects: list = []
    with pytest.raises(WireError):
        unpack(msgpack.packb(["h", 3, "Filter"]), b"", lambda handle: objects[handle.number])
