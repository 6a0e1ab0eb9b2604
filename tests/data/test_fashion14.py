"""The embedded images are what the committed script makes of the official files."""

import gzip
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
import torch

from imbal_lab.data import fashion14, load, make_fashion14

OFFICIAL = Path("/usr/share/datasets/fashion-mnist")
EMBEDDED = Path(fashion14.__file__).with_name("fashion14.npz")
needs_official = pytest.mark.skipif(
    not OFFICIAL.is_dir(), reason=f"Debian's dataset-fashion-mnist is not installed: no {OFFICIAL}"
)


@needs_official
def test_script_makes_the_embedded_file(tmp_path):
    made = tmp_path / "made.npz"
    make_fashion14.make(OFFICIAL, made)
    with np.load(made) as ours, np.load(EMBEDDED) as embedded:
        assert set(ours) == set(embedded) == {"train", "test"}
        for part in ours:
            assert ours[part].dtype == embedded[part].dtype == np.uint8
            assert np.array_equal(ours[part], embedded[part])


@needs_official
@pytest.mark.parametrize(
    ("part", "prefix", "kept"), [("train", "train", 600), ("test", "t10k", 200)]
)
def test_images_are_block_means_of_the_first_ones(part, prefix, kept):
    with gzip.open(OFFICIAL / f"{prefix}-images-idx3-ubyte.gz") as file:
        _, n, height, width = struct.unpack(">4I", file.read(16))
        images = np.frombuffer(file.read(), np.uint8).reshape(n, height, width).astype(float)
    with gzip.open(OFFICIAL / f"{prefix}-labels-idx1-ubyte.gz") as file:
        labels = np.frombuffer(file.read()[8:], np.uint8)
    means = (
        images[:, ::2, ::2] + images[:, 1::2, ::2] + images[:, ::2, 1::2] + images[:, 1::2, 1::2]
    ) / 4
    with np.load(EMBEDDED) as stored:
        for label in range(10):
            expected = np.floor(means[labels == label][:kept] + 0.5).reshape(kept, 196)
            assert np.array_equal(stored[part][label], expected)


@needs_official
def test_same_input_same_bytes(tmp_path):
    for name in ("a.npz", "b.npz"):
        make_fashion14.make(OFFICIAL, tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


@needs_official
def test_script_refuses_a_changed_file(tmp_path):
    folder = tmp_path / "changed"
    shutil.copytree(OFFICIAL, folder)
    labels = folder / "train-labels-idx1-ubyte.gz"
    data = bytearray(gzip.decompress(labels.read_bytes()))
    data[-1] ^= 1
    labels.write_bytes(gzip.compress(bytes(data)))
    with pytest.raises(ValueError, match=r"train-labels-idx1-ubyte\.gz.*not the official file"):
        make_fashion14.make(folder, tmp_path / "out.npz")


def test_a_damaged_file_is_noticed(monkeypatch):
    monkeypatch.setitem(fashion14.SHA256, "test", "0" * 64)
    fashion14._images.cache_clear()
    with pytest.raises(RuntimeError, match=r"test images.*install imbal-lab again"):
        load("fashion14")


def test_values_are_standardised_grey_levels():
    data = load("fashion14")
    assert data.x.shape == (6000, 196)
    assert data.x_test.shape == (2000, 196)
    assert data.x.mean().item() == pytest.approx(0, abs=1e-3)
    assert data.x.std().item() == pytest.approx(1, abs=1e-3)
    levels = data.x[:100].double() * fashion14.SPREAD + fashion14.MEAN
    assert torch.allclose(levels * 255, (levels * 255).round(), atol=1e-3)
