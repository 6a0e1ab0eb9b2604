"""Make digits.npz from scikit-learn's copy of the handwritten digits.

    python -m imbal_lab.data.make_digits [OUTPUT]

The copy is read by scikit-learn, which is among the tools of the tests. Written are all 1797
images in its order: `images` uint8 [1797, 64], grey levels 0 to 16, and `labels` uint8 [1797].
"""

import sys
from pathlib import Path

import numpy as np


def make(output: Path) -> None:
    """Write the embedded set; the same version of scikit-learn gives the same bytes."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    np.savez_compressed(output, images=images.astype(np.uint8), labels=labels.astype(np.uint8))


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("digits.npz"))
