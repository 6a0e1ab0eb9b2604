"""The reader, on tiny archives of the same format, whole and damaged."""

import tarfile

import numpy as np
import pytest

from imbal_lab.data import cifar_archive
from imbal_lab.data.cifar_archive import CIFAR10, CIFAR100, PIXELS, read_archive


def cifar10(labels=(3, 0, 9), seed=0):
    """Members of a tiny CIFAR-10, and the images [file, image, 3, 32, 32] written into them."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (6, len(labels), 3, 32, 32), dtype=np.uint8)
    return {
        name: b"".join(
            bytes([label]) + image.tobytes() for label, image in zip(labels, part, strict=True)
        )
        for name, part in zip((*CIFAR10.train, *CIFAR10.test), images, strict=True)
    }, images


def test_images_of_every_class_in_the_order_of_the_files(tmp_path, write_archive):
    members, images = cifar10()
    train, test = read_archive(write_archive(tmp_path / "a.tar.gz", members), CIFAR10)
    assert len(train) == len(test) == 10
    for position, label in enumerate((3, 0, 9)):
        assert train[label].dtype == np.uint8
        assert np.array_equal(train[label], images[:5, position])
        assert np.array_equal(test[label], images[5:, position])
    assert all(len(train[label]) == 0 for label in (1, 2, 4, 5, 6, 7, 8))


def test_pixels_are_red_then_green_then_blue_row_by_row(tmp_path, write_archive):
    members, _ = cifar10(labels=(7,))
    pixels = np.zeros(PIXELS, np.uint8)
    pixels[0], pixels[33], pixels[1024 + 2], pixels[3071] = 10, 20, 30, 40
    members[CIFAR10.test[0]] = b"\x07" + pixels.tobytes()
    _, test = read_archive(write_archive(tmp_path / "a.tar.gz", members), CIFAR10)
    image = test[7][0]
    assert (image[0, 0, 0], image[0, 1, 1], image[1, 0, 2], image[2, 31, 31]) == (10, 20, 30, 40)
    assert (image > 0).sum() == 4


def test_the_second_label_of_cifar100_is_the_class(tmp_path, write_archive):
    members = {
        CIFAR100.train[0]: bytes([4, 71]) + bytes(PIXELS) + bytes([19, 99]) + bytes([1] * PIXELS),
        CIFAR100.test[0]: bytes([0, 71]) + bytes([2] * PIXELS),
    }
    train, test = read_archive(write_archive(tmp_path / "b.tar.gz", members), CIFAR100)
    assert len(train) == len(test) == 100
    assert [label for label in range(100) if len(train[label])] == [71, 99]
    assert (train[99] == 1).all()
    assert (test[71] == 2).all()


@pytest.mark.parametrize("kept", [0, 10, 0.5, -20, -5])
def test_an_archive_cut_short(tmp_path, write_archive, kept):
    whole = write_archive(tmp_path / "a.tar.gz", cifar10()[0]).read_bytes()
    path = tmp_path / "cut.tar.gz"
    path.write_bytes(whole[: int(len(whole) * kept) if isinstance(kept, float) else kept])
    with pytest.raises(ValueError, match=r"cut\.tar\.gz is damaged.*fetch it again"):
        read_archive(path, CIFAR10)


@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
def test_a_changed_byte_is_noticed(tmp_path, write_archive, place):
    content = bytearray(write_archive(tmp_path / "a.tar.gz", cifar10()[0]).read_bytes())
    content[int(len(content) * place)] ^= 0xFF
    path = tmp_path / "bad.tar.gz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"bad\.tar\.gz is damaged"):
        read_archive(path, CIFAR10)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no file of 1 to 50000 records of 3073 bytes"),
        (bytes(3072), "no file of 1 to 50000 records of 3073 bytes"),
        (bytes(2 * 3074), "no file of 1 to 50000 records of 3073 bytes"),
        (b"\x0a" + bytes(3072), "an image has label 10, and there are 10 classes"),
    ],
)
def test_a_file_with_other_records(tmp_path, write_archive, content, message):
    members, _ = cifar10()
    members["cifar-10-batches-bin/data_batch_3.bin"] = content
    with pytest.raises(ValueError, match=message):
        read_archive(write_archive(tmp_path / "a.tar.gz", members), CIFAR10)


def test_a_missing_file_of_the_archive_is_named(tmp_path, write_archive):
    members, _ = cifar10()
    del members["cifar-10-batches-bin/data_batch_4.bin"]
    with pytest.raises(ValueError, match=r"data_batch_4\.bin.*fetch it again"):
        read_archive(write_archive(tmp_path / "a.tar.gz", members), CIFAR10)


def test_the_other_archive_is_refused(tmp_path, write_archive):
    with pytest.raises(ValueError, match=r"not the binary version.*cifar-100-binary/train\.bin"):
        read_archive(write_archive(tmp_path / "a.tar.gz", cifar10()[0]), CIFAR100)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_not_followed(tmp_path, write_archive, kind):
    members, _ = cifar10()
    name = CIFAR10.test[0]
    del members[name]
    path = tmp_path / "a.tar.gz"
    source = write_archive(tmp_path / "b.tar.gz", members)
    with tarfile.open(source) as whole, tarfile.open(path, "w:gz") as archive:
        for member in whole:
            archive.addfile(member, whole.extractfile(member))
        link = tarfile.TarInfo(name)
        link.type, link.linkname, link.size = kind, CIFAR10.train[0], 1 + PIXELS
        archive.addfile(link)
    with pytest.raises(ValueError, match=r"test_batch\.bin is no file"):
        read_archive(path, CIFAR10)


def test_more_than_the_original_has_is_not_read(tmp_path, write_archive, monkeypatch):
    monkeypatch.setattr(cifar_archive, "MOST", 2)
    with pytest.raises(ValueError, match=r"data_batch_1\.bin is no file of 1 to 2 records"):
        read_archive(write_archive(tmp_path / "a.tar.gz", cifar10()[0]), CIFAR10)


def test_no_such_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"file='.*none\.tar\.gz': no such file"):
        read_archive(tmp_path / "none.tar.gz", CIFAR10)
