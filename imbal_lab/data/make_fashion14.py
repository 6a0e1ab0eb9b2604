"""Make fashion14.npz from the four official Fashion-MNIST files.

    python -m imbal_lab.data.make_fashion14 FOLDER [OUTPUT]

FOLDER holds train-images-idx3-ubyte.gz and its three companions; on Debian and Ubuntu the
package dataset-fashion-mnist puts them in /usr/share/datasets/fashion-mnist. Hashes are those of
the decompressed bytes, since mirrors compress the same data differently. Of each class the first
600 training and 200 test images are kept, every 2x2 block of pixels becomes its mean, and the
result is uint8 [class 10, image, pixel 196]: `train` and `test`.
"""

import gzip
import hashlib
import sys
from pathlib import Path

import numpy as np

SHA256 = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
TRAIN, TEST = 600, 200  # images kept of each class


def make(folder: Path, output: Path) -> None:
    """Write the embedded set; the same input gives the same bytes."""
    np.savez_compressed(
        output,
        train=_first(_halved(_read(folder, "train-images-idx3-ubyte")), folder, "train", TRAIN),
        test=_first(_halved(_read(folder, "t10k-images-idx3-ubyte")), folder, "t10k", TEST),
    )


def _read(folder: Path, name: str) -> np.ndarray:
    """Content of an idx file: a header of 4 bytes, one size of 4 bytes an axis, then uint8."""
    data = gzip.decompress((folder / f"{name}.gz").read_bytes())
    digest = hashlib.sha256(data).hexdigest()
    if digest != SHA256[name]:
        raise ValueError(
            f"{name}.gz in {folder} is not the official file: the sha256 of its decompressed "
            f"bytes is {digest}, expected {SHA256[name]}; fetch it again"
        )
    axes = data[3]
    shape = np.frombuffer(data, ">u4", axes, offset=4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * axes).reshape(shape)


def _halved(images: np.ndarray) -> np.ndarray:
    """Means of 2x2 blocks, halves rounded up: [n, 28, 28] -> [n, 196]."""
    blocks = images.reshape(-1, 14, 2, 14, 2).astype(np.uint16)
    return ((blocks.sum((2, 4)) + 2) // 4).astype(np.uint8).reshape(-1, 196)


def _first(images: np.ndarray, folder: Path, part: str, n: int) -> np.ndarray:
    """The first n images of every class, in the official order: [10, n, 196]."""
    labels = _read(folder, f"{part}-labels-idx1-ubyte")
    return np.stack([images[labels == label][:n] for label in range(10)])


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: python -m imbal_lab.data.make_fashion14 FOLDER [OUTPUT]")
    here = Path(__file__).with_name("fashion14.npz")
    make(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) == 3 else here)
