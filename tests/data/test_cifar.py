"""CIFAR-LT from archives that the tests write, and a download from a server of our own."""

import hashlib
import http.server
import re
import sys
import threading
from dataclasses import replace
from functools import partial

import numpy as np
import pooch
import pytest
import torch

from imbal_lab.data import cifar, load, loading, profiles

TRAIN, TEST = 12, 3  # images of a class in the tiny archives


@pytest.fixture
def archive10(tmp_path, write_archive):
    """CIFAR-10 with 12 training and 3 test images of a class, shuffled over the files."""
    rng = np.random.default_rng(0)
    names = (*cifar.CIFAR10.train, *cifar.CIFAR10.test)
    members = dict.fromkeys(names, b"")
    for name, labels in (
        *zip(names[:5], np.split(rng.permutation(np.repeat(range(10), TRAIN)), 5), strict=True),
        (names[5], rng.permutation(np.repeat(range(10), TEST))),
    ):
        for label in labels:
            members[name] += bytes([label]) + rng.bytes(3072)
    return write_archive(tmp_path / "mine.tar.gz", members)


@pytest.fixture
def archive100(tmp_path, write_archive):
    """CIFAR-100 whose images are grey, as dark as their label says; 4 and 2 of a class."""
    members = {
        name: b"".join(bytes([c // 5, c]) + bytes([c]) * 3072 for c in range(100)) * n
        for name, n in ((cifar.CIFAR100.train[0], 4), (cifar.CIFAR100.test[0], 2))
    }
    return write_archive(tmp_path / "hundred.tar.gz", members)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache folder in place of the user's."""
    folder = tmp_path / "cache"
    monkeypatch.setattr(pooch, "os_cache", lambda project: folder / project)
    return folder / "imbal_lab"


@pytest.fixture
def server(tmp_path, monkeypatch):
    """Serves tmp_path on this machine; a list of the paths asked for."""
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            asked.append(self.path)

    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    handler = partial(Handler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}", asked
        running.shutdown()
        thread.join()


def serve_instead(monkeypatch, url, md5):
    """cifar10_lt with its archive somewhere else."""
    archive = replace(cifar.ARCHIVE10, url=url, md5=md5)
    names = " ".join(cifar.CIFAR10_LT.class_names)
    source = cifar._source("cifar10_lt", archive, names, n_max=5000, n_test=1000)
    monkeypatch.setitem(loading.SOURCES, "cifar10_lt", source)


def md5(path):
    return hashlib.md5(path.read_bytes()).hexdigest()


def rows(x):
    return {row.numpy().tobytes() for row in x}


@pytest.mark.parametrize(
    ("source", "totals"),
    [
        (cifar.CIFAR10_LT, {10: 20431, 50: 13996, 100: 12406, 200: 11203}),
        (cifar.CIFAR100_LT, {10: 19573, 50: 12608, 100: 10847, 200: 9502}),
    ],
)
def test_default_counts_are_those_of_the_literature(source, totals):
    for rho, total in totals.items():
        n = profiles.counts_for(source.profile, source.n_max, rho, len(source.class_names))
        assert sum(n) == total
    assert source.n_test * len(source.class_names) == 10_000


def test_shapes_counts_and_names(archive10):
    data = load("cifar10_lt", file=archive10, rho=4, n_max=TRAIN, n_test=TEST)
    assert data.counts == profiles.long_tailed(TRAIN, 4, 10)
    assert data.x.shape == (sum(data.counts), 3, 32, 32)
    assert data.x_test.shape == (30, 3, 32, 32)
    assert data.x.dtype == torch.float32
    assert data.class_names[0] == "airplane"
    assert data.class_names[9] == "truck"


def test_images_belong_to_their_class_and_are_standardised(archive100):
    data = load("cifar100_lt", file=str(archive100), n_max=4, n_test=2)
    mean, spread = ((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010))
    for x, y in ((data.x, data.y), (data.x_test, data.y_test)):
        for colour in range(3):
            grey = (x[:, colour] * spread[colour] + mean[colour]) * 255
            assert torch.allclose(grey, y[:, None, None].float().expand(-1, 32, 32), atol=1e-3)


def test_cifar100_has_its_hundred_names_in_alphabetical_order():
    names = cifar.CIFAR100_LT.class_names
    assert len(set(names)) == 100
    assert list(names) == sorted(names)
    assert (names[0], names[9], names[71], names[99]) == ("apple", "bottle", "sea", "worm")


@pytest.mark.parametrize("profile", ["long-tailed", "step"])
def test_training_sets_are_nested_in_rho(archive10, profile):
    few, many = (
        load("cifar10_lt", file=archive10, rho=rho, n_max=TRAIN, n_test=TEST, profile=profile)
        for rho in (12, 3)
    )
    assert sum(few.counts) < sum(many.counts)
    for rank in range(10):
        assert rows(few.x[few.y == rank]) <= rows(many.x[many.y == rank])
    assert torch.equal(few.x_test, many.x_test)


def test_the_seed_chooses_the_images(archive10):
    a, b, c = (
        load("cifar10_lt", file=archive10, n_max=5, n_test=TEST, seed=seed) for seed in (1, 1, 2)
    )
    assert torch.equal(a.x, b.x)
    assert not torch.equal(a.x, c.x)
    assert torch.equal(a.x_test, c.x_test)


def test_a_small_archive_says_what_it_has(archive10):
    with pytest.raises(ValueError, match=r"asks for 5000 training images .* there are 12"):
        load("cifar10_lt", file=archive10)


def test_without_file_or_download_nothing_is_fetched(cache, server, monkeypatch):
    url, asked = server
    serve_instead(monkeypatch, f"{url}/mine.tar.gz", "0" * 32)
    with pytest.raises(FileNotFoundError, match=r"mine\.tar\.gz.*download=True.*file="):
        load("cifar10_lt")
    assert asked == []
    assert not cache.exists()


def test_a_download_is_checked_kept_and_found_again(archive10, cache, server, monkeypatch, capfd):
    url, asked = server
    serve_instead(monkeypatch, f"{url}/mine.tar.gz", md5(archive10))
    options = {"rho": 2, "n_max": TRAIN, "n_test": TEST}
    fetched = load("cifar10_lt", download=True, **options)
    assert asked == ["/mine.tar.gz"]
    assert torch.equal(fetched.x, load("cifar10_lt", file=archive10, **options).x)
    again = load("cifar10_lt", **options)  # from the cache folder
    third = load("cifar10_lt", download=True, **options)
    assert asked == ["/mine.tar.gz"]
    assert torch.equal(again.x, fetched.x)
    assert torch.equal(third.x, fetched.x)
    capfd.readouterr()  # progress is shown there


def test_a_download_with_another_md5_is_not_kept(archive10, cache, server, monkeypatch, capfd):
    url, _ = server
    serve_instead(monkeypatch, f"{url}/mine.tar.gz", "0" * 32)
    with pytest.raises(ValueError, match="hash"):
        load("cifar10_lt", download=True)
    assert not list(cache.glob("*"))
    capfd.readouterr()


def test_a_damaged_file_in_the_cache_folder_is_noticed(archive10, cache, monkeypatch):
    serve_instead(monkeypatch, "https://example.org/mine.tar.gz", md5(archive10))
    cache.mkdir(parents=True)
    (cache / "mine.tar.gz").write_bytes(archive10.read_bytes()[:-1])
    with pytest.raises(ValueError, match=r"mine\.tar\.gz is damaged; say download=True"):
        load("cifar10_lt")


def test_no_network_says_what_to_do(cache, server, monkeypatch, capfd):
    url, _ = server
    serve_instead(monkeypatch, f"{url}/nothing.tar.gz", "0" * 32)
    with pytest.raises(OSError, match=r"nothing\.tar\.gz could not be fetched.*404.*file="):
        load("cifar10_lt", download=True)
    capfd.readouterr()


def test_without_pooch_a_file_still_works(archive10, monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)
    assert load("cifar10_lt", file=archive10, n_max=2, n_test=1).counts == (2,) * 10
    with pytest.raises(ImportError, match=re.escape("pip install 'imbal-lab[real]'")):
        load("cifar10_lt")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"file": 3}, r"file=3: give the path of a file"),
        ({"download": "no"}, r"download='no' with file=None: give file="),
        ({"download": True, "file": "a"}, r"download=True with file='a': give file="),
        ({"rare": "hard"}, r"rare='hard': allowed are 'label', 'random'"),
        ({"path": "a"}, r"path='a': options of 'cifar10_lt' are: file, download"),
    ],
)
def test_errors_name_the_argument_and_what_is_allowed(arguments, message):
    with pytest.raises(ValueError, match=message):
        load("cifar10_lt", **arguments)
