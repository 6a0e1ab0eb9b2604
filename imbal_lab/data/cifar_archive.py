"""Reads the binary archives of CIFAR-10 and CIFAR-100, without unpacking them to disk.

Krizhevsky, "Learning multiple layers of features from tiny images" (2009). A file is a row of
records: one label byte (CIFAR-100: coarse label, fine label), then 3072 pixels: red, green and
blue, each 32 rows of 32. No pickle is read, no path of the archive is used, and no more of a
member than it has in the original.
"""

import gzip
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SHAPE = (3, 32, 32)
PIXELS = 3 * 32 * 32
MOST = 50_000  # images in the largest file of either archive


@dataclass(frozen=True)
class Layout:
    """Where an archive has its images; the last of the label bytes is the class."""

    train: tuple[str, ...]
    test: tuple[str, ...]
    label_bytes: int
    num_classes: int


CIFAR10 = Layout(
    train=tuple(f"cifar-10-batches-bin/data_batch_{number}.bin" for number in range(1, 6)),
    test=("cifar-10-batches-bin/test_batch.bin",),
    label_bytes=1,
    num_classes=10,
)
CIFAR100 = Layout(
    train=("cifar-100-binary/train.bin",),
    test=("cifar-100-binary/test.bin",),
    label_bytes=2,
    num_classes=100,
)

Pools = tuple[np.ndarray, ...]


def read_archive(path: Path, layout: Layout) -> tuple[Pools, Pools]:
    """Training and test images of every class, uint8 [n, 3, 32, 32], in the archive's order.

    Raises FileNotFoundError, and ValueError for an archive that is damaged, cut short or
    another one.
    """
    if not path.is_file():
        raise FileNotFoundError(f"file={str(path)!r}: no such file; give a .tar.gz archive")
    try:
        with gzip.open(path) as stream, tarfile.open(fileobj=stream, mode="r:") as archive:
            parts = [
                [_content(archive, name, layout) for name in names]
                for names in (layout.train, layout.test)
            ]
            while stream.read(2**20):  # up to the end, where the check sum is
                pass
    except (OSError, EOFError, KeyError, tarfile.TarError, zlib.error) as error:
        raise ValueError(
            f"{path} is damaged, or not the binary version of the archive ({error}); fetch it again"
        ) from error
    train, test = (_by_class(b"".join(files), path, layout) for files in parts)
    return train, test


def _content(archive: tarfile.TarFile, name: str, layout: Layout) -> bytes:
    """Bytes of one member. KeyError when it is missing, TarError when it is not whole."""
    member = archive.getmember(name)
    record = layout.label_bytes + PIXELS
    if not member.isreg() or member.size % record or not 0 < member.size <= MOST * record:
        raise tarfile.TarError(f"{name} is no file of 1 to {MOST} records of {record} bytes")
    file = archive.extractfile(member)
    content = file.read() if file else b""
    if len(content) != member.size:
        raise tarfile.TarError(f"{name} is cut short")
    return content


def _by_class(content: bytes, path: Path, layout: Layout) -> Pools:
    records = np.frombuffer(content, np.uint8).reshape(-1, layout.label_bytes + PIXELS)
    labels = records[:, layout.label_bytes - 1]
    if labels.max() >= layout.num_classes:
        raise ValueError(
            f"{path} is damaged: an image has label {labels.max()}, and there are "
            f"{layout.num_classes} classes; fetch it again"
        )
    images = records[:, layout.label_bytes :].reshape(-1, *SHAPE)
    return tuple(images[labels == label] for label in range(layout.num_classes))
