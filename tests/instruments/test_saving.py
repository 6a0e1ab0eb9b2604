"""Recordings on disk: an exact round trip, or a clear sentence."""

import os
import pickle
import zipfile

import numpy as np
import pytest
import torch

from imbal_lab.instruments import LoopRecording, Recorder, Recording
from imbal_lab.instruments.saving import FORMAT


@pytest.fixture
def recording(model, dataset) -> Recording:
    recorder = Recorder(model, dataset)
    recorder.record(0)
    recorder.record(3)
    return recorder.recording()


@pytest.fixture
def loop_recording() -> LoopRecording:
    """Two steps of two classes, the second of them with gradients; -0.0, inf and tiny numbers."""
    pair = torch.tensor([[1.0, -0.0]])
    square = torch.tensor([[[1.0, 0.1], [0.1, 1e-45]]])
    sums = torch.tensor([[3, 0], [1, 2]], dtype=torch.float64)
    return LoopRecording(
        torch.tensor([4, 6]), sums, sums / 7, sums / 9, sums * torch.inf,
        torch.tensor([6]), pair, square, pair + 1, pair / 3, -square,
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["recording", "loop_recording"])
def test_round_trip_is_exact(request, tmp_path, kind):
    written = request.getfixturevalue(kind)
    path = tmp_path / "run without a suffix"
    written.save(path)
    read = type(written).load(str(path))
    assert type(read) is type(written)
    for a, b in zip(written, read, strict=True):
        assert a.dtype == b.dtype
        assert a.shape == b.shape
        assert a.numpy().tobytes() == b.numpy().tobytes()
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name != "posix", reason="permission bits")
def test_who_may_read_it_is_as_for_any_new_file(recording, tmp_path):
    (tmp_path / "any").touch()
    recording.save(tmp_path / "run")
    modes = [(tmp_path / name).stat().st_mode for name in ("any", "run")]
    assert modes[0] == modes[1]


def test_numpy_reads_it_without_pickle(recording, tmp_path):
    recording.save(tmp_path / "run.npz")
    with np.load(tmp_path / "run.npz", allow_pickle=False) as file:
        assert (file["loss"] == recording.loss.numpy()).all()


def test_every_cut_and_many_flipped_bits_are_noticed(recording, tmp_path):
    recording.save(tmp_path / "good")
    content = (tmp_path / "good").read_bytes()
    damaged = [content[:k] for k in range(0, len(content), 97)]
    for k in range(0, len(content), 41):
        flipped = bytearray(content)
        flipped[k] ^= 0x10
        damaged.append(bytes(flipped))
    refused = 0
    for wrong in damaged:
        (tmp_path / "bad").write_bytes(wrong)
        try:
            read = Recording.load(tmp_path / "bad")
        except ValueError:
            refused += 1
        else:  # a date in the archive's index and the like
            assert all(map(torch.equal, read, recording))
    assert refused > 0.7 * len(damaged)


def test_another_kind_of_file(recording, loop_recording, tmp_path):
    recording.save(tmp_path / "run")
    with pytest.raises(ValueError, match="holds Recording, but a LoopRecording was asked for"):
        LoopRecording.load(tmp_path / "run")
    np.savez(tmp_path / "other.npz", loss=np.zeros(3))
    with pytest.raises(ValueError, match="holds another kind of file, but a Recording"):
        Recording.load(tmp_path / "other.npz")
    np.savez(tmp_path / "part.npz", **{FORMAT: np.array("Recording"), "loss": np.zeros(3)})
    with pytest.raises(ValueError, match="is damaged or no recording"):
        Recording.load(tmp_path / "part.npz")
    with pytest.raises(FileNotFoundError):
        Recording.load(tmp_path / "nowhere")


def test_nothing_in_a_file_is_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return pytest.fail, ("a pickle was run",)

    (tmp_path / "run").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(ValueError, match="damaged or no recording"):
        Recording.load(tmp_path / "run")
    with zipfile.ZipFile(tmp_path / "zip", "w") as archive:
        header = b"\x93NUMPY\x01\x00\x46\x00"
        text = b"{'descr': '|O', 'fortran_order': False, 'shape': (), }".ljust(69) + b"\n"
        archive.writestr(f"{FORMAT}.npy", header + text + pickle.dumps(Trap()))
    with pytest.raises(ValueError, match="damaged or no recording"):
        Recording.load(tmp_path / "zip")


def test_what_stood_there_survives_a_failed_save(recording, tmp_path, monkeypatch):
    path = tmp_path / "run"
    recording.save(path)
    before = path.read_bytes()

    def full(file, **arrays):
        file.write(b"half of it")
        raise OSError("no space left")

    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(OSError, match="no space left"):
        recording.save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
