import dataclasses

import numpy as np
import pytest
import torch

from imbal_lab.training import store
from imbal_lab.training.serial import train_alone
from imbal_lab.training.store import Store, as_arrays, from_arrays


@pytest.fixture(scope="module")
def run(tiny):
    return tiny(every=2)


@pytest.fixture(scope="module")
def result(run):
    return train_alone(run, "serial: because")


@pytest.fixture
def kept(tmp_path, run, result):
    store = Store(tmp_path / "new" / "folder")
    store.put(run, result)
    return store


def same(one, other):
    return one.path == other.path and all(
        torch.equal(a, b) and a.dtype == b.dtype for a, b in zip(one[:-1], other[:-1], strict=True)
    )


def test_what_is_put_is_got(kept, run, result):
    assert same(kept.get(run), result)
    assert kept.get(dataclasses.replace(run, seed=1)) is None


def test_nan_survives(kept, run, result):
    nan = result._replace(test_loss=torch.full_like(result.test_loss, torch.nan))
    kept.put(run, nan)
    assert kept.get(run).diverged
    assert not kept.get(run).train_loss.isnan().any()


def test_arrays_and_back(result):
    assert same(from_arrays(as_arrays(result)), result)


def test_only_whole_files_are_left(kept, run):
    assert [path.name for path in kept.folder.iterdir()] == [f"{run.key}.npz"]


def test_another_format_starts_anew(kept, run, monkeypatch):
    monkeypatch.setattr(store, "FORMAT", store.FORMAT + 1)
    assert Store(kept.folder.parent).get(run) is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: b"not an archive",
        lambda data: data[: len(data) // 2],
        lambda data: data[:-1],
    ],
)
def test_a_damaged_file_counts_as_none_with_a_warning(damage, kept, run):
    path = kept.file(run)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.warns(UserWarning, match=f"{run.key}.npz is damaged and not used: "):
        assert kept.get(run) is None


@pytest.mark.filterwarnings("ignore:.*is damaged and not used")
def test_a_flipped_bit_never_gives_another_result(kept, run, result):
    """Some bytes of an archive say nothing; all others are under its checksums."""
    path = kept.file(run)
    data, noticed = path.read_bytes(), 0
    for place in range(5, len(data), 41):
        path.write_bytes(data[:place] + bytes([data[place] ^ 16]) + data[place + 1 :])
        found = kept.get(run)
        noticed += found is None
        assert found is None or same(found, result), f"byte {place}"
    assert noticed > 20


def test_a_pickle_is_not_opened(kept, run, result):
    """Reading one back could run anything."""
    arrays = as_arrays(result) | {"path": np.array([print], dtype=object)}
    np.savez(kept.file(run), **arrays)
    with pytest.warns(UserWarning, match="damaged and not used: Object arrays cannot be loaded"):
        assert kept.get(run) is None


def test_a_field_that_is_missing(kept, run, result):
    arrays = as_arrays(result)
    del arrays["test_logits"]
    np.savez(kept.file(run), **arrays)
    with pytest.warns(UserWarning, match="damaged and not used: 'test_logits'"):
        assert kept.get(run) is None


def test_the_steps_of_another_run(kept, run):
    other = dataclasses.replace(run, every=3)
    kept.file(run).rename(kept.file(other))
    with pytest.warns(UserWarning, match="other steps than the run records"):
        assert kept.get(other) is None


def test_a_disk_that_refuses_loses_nothing_but_the_file(kept, run, result, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    before = kept.file(run).read_bytes()
    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.warns(UserWarning, match="could not be written: .*No space left"):
        kept.put(run, result)
    assert kept.file(run).read_bytes() == before
    assert len(list(kept.folder.iterdir())) == 1
