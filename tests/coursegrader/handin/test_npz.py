"""Files of arrays from strangers: plain numbers come out, everything else is refused by name."""

import io
import pickle
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursegrader.handin.npz import NpzError, read_npz

LIMITS = {"most_bytes": 64 << 10, "most_arrays": 4}


def saved(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def zipped(compression: int = zipfile.ZIP_STORED, **members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/"), data)
    return file.getvalue()


def npy(header: str, data: bytes = b"") -> bytes:
    """An array's file with any header at all."""
    text = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


def refusal(content: bytes, **limits: int) -> str:
    with pytest.raises(NpzError) as caught:
        read_npz(content, **{**LIMITS, **limits})
    return str(caught.value)


ARRAYS = {
    "weight": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
    "turned": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "scalar": np.array(3, dtype=np.int64),
    "empty": np.zeros((0, 3), dtype=np.uint8),
}


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_plain_arrays_come_out_as_they_went_in(save):
    file = io.BytesIO()
    save(file, **ARRAYS)
    read = read_npz(file.getvalue(), **LIMITS)
    assert read.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(read[name], array)
        assert (read[name].dtype, read[name].shape) == (array.dtype, array.shape)


def test_the_names_of_a_networks_weights_are_names():
    assert [*read_npz(saved(**{"encoder.0.weight": np.ones(2)}), **LIMITS)] == ["encoder.0.weight"]


def test_no_array_at_all():
    assert read_npz(saved(), **LIMITS) == {}


class Bomb:
    """Whoever unpickles it writes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_a_pickle_is_never_unpickled(tmp_path):
    canary = tmp_path / "canary"
    objects = io.BytesIO()
    np.save(objects, np.array([Bomb(canary)], dtype=object), allow_pickle=True)
    said = refusal(zipped(**{"w.npy": objects.getvalue()}))
    assert said == "w holds Python objects, which are never unpickled: store arrays of numbers"
    assert "is no .npz that can be read" in refusal(pickle.dumps(Bomb(canary)))
    assert "'w.pkl' in it is not the name" in refusal(zipped(**{"w.pkl": pickle.dumps(1)}))
    # The members of a file by torch.save have folders, and hold a pickle.
    said = refusal(zipped(**{"archive__data.pkl": pickle.dumps(1)}))
    assert "'archive/data.pkl' in it is not the name" in said
    assert not canary.exists()


def test_what_is_too_large_is_refused_before_it_is_unpacked():
    assert refusal(saved(w=np.ones(10_000))) == "it is larger than 64 kB"
    bomb = zipped(zipfile.ZIP_DEFLATED, **{"w.npy": bytes(30_000_000)})
    assert len(bomb) < 64 << 10
    assert refusal(bomb) == "it unpacks to 29,297 kB, at most 64 kB"
    many = {f"w{number}": np.ones(1) for number in range(5)}
    assert refusal(saved(**many)) == "it holds 5 arrays, at most 4"


def test_a_size_that_lies():
    """The archive states fewer bytes than come out: no more than stated is read."""
    bomb = bytearray(zipped(zipfile.ZIP_DEFLATED, **{"w.npy": bytes(30_000_000)}))
    size = (30_000_000).to_bytes(4, "little")
    for _ in range(bomb.count(size)):
        place = bomb.index(size)
        bomb[place : place + 4] = (100).to_bytes(4, "little")
    assert "is no .npz that can be read (BadZipFile)" in refusal(bytes(bomb))


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 1000000)}", "too few"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 9999999999999)}", "too few"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}", "is not what it holds"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (-2, -1)}", "too few"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': " + str((1,) * 40) + "}", "too few"),
        ("{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}", "complex64, no plain numbers"),
        ("{'descr': '<U2', 'fortran_order': False, 'shape': (1,)}", "<U2, no plain numbers"),
        ("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}", "no plain numbers"),
        ("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", "Python objects"),
        ("{'descr': '<f4', 'fortran_order': False}", "no .npz that can be read"),
        ("(" * 5000, "no .npz that can be read"),
        ("__import__('os').getpid()", "no .npz that can be read"),
    ],
)
def test_headers_that_promise_something_else(header, said):
    assert said in refusal(zipped(**{"w.npy": npy(header, bytes(8))}))


@pytest.mark.parametrize("name", ["..__w.npy", "__etc__passwd.npy", "a b.npy", "w.npy\n", ".npy"])
def test_names_that_are_paths_or_no_names(name):
    assert "is not the name of an array" in refusal(zipped(**{name: npy("{}")}))


def test_a_name_that_stands_there_twice():
    file = io.BytesIO(saved(w=np.ones(1)))
    with zipfile.ZipFile(file, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("w.npy", b"")
    assert refusal(file.getvalue()) == "it holds 'w.npy' twice"


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_a_damaged_file_is_refused_or_read_but_nothing_else_happens(data):
    content = bytearray(saved(w=np.arange(6, dtype=np.float32), b=np.ones((2, 2))))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    del content[data.draw(st.integers(len(content) // 2, len(content))) :]
    try:
        read = read_npz(bytes(content), **LIMITS)
    except NpzError:
        return
    assert all(array.dtype.kind in "biuf" for array in read.values())
