"""CIFAR-10-LT and CIFAR-100-LT: the long-tailed versions of CIFAR that most papers use.

Krizhevsky (2009); counts as in Cao, Wei, Gaidon, Arechiga, Ma, NeurIPS 2019 (LDAM):
n_c = int(n_max rho^(-c / (C-1))) with n_max 5000 and 500, the classes in the order of their
labels. The training images of a class are shuffled by seed and the first n_c kept, so a larger
rho only takes images away. Which ones that are differs from released code, whose random numbers
are others.

The images are not contained here. Give the binary archive with file="cifar-10-binary.tar.gz",
or say download=True once: 162 MB come from the author's page into a cache folder, are checked
against their md5 sum, and are found there from then on. Nothing is ever downloaded otherwise.
For downloads: pip install 'imbal-lab[real]'.

Images are [n, 3, 32, 32], standardised per colour with the constants of the LDAM code, which it
uses for both sets. It also crops and flips them at random while training; that is left to you.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np

from imbal_lab.data.arguments import path
from imbal_lab.data.cifar_archive import CIFAR10, CIFAR100, Layout, Pools, read_archive
from imbal_lab.data.pools import from_two_pools
from imbal_lab.data.source import Source, Split, class_by_class

MEAN = np.array([0.4914, 0.4822, 0.4465], np.float32).reshape(3, 1, 1)  # of red, green, blue
SPREAD = np.array([0.2023, 0.1994, 0.2010], np.float32).reshape(3, 1, 1)


@dataclass(frozen=True)
class Archive:
    """One of the two archives: where it is, how to know it, and what is in it."""

    url: str
    md5: str
    layout: Layout

    @property
    def file_name(self) -> str:
        return self.url.rsplit("/", 1)[-1]


ARCHIVE10 = Archive(
    url="https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
    md5="c32a1d4ab5d03f1284b67883e8d87530",
    layout=CIFAR10,
)
ARCHIVE100 = Archive(
    url="https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
    md5="03b5dce01913d631647c71ecec9e9cb8",
    layout=CIFAR100,
)


def archive_path(archive: Archive, download: bool) -> Path:
    """The archive's place in the cache folder, where it is first put if ``download`` says so.

    Raises FileNotFoundError with the remedies when it is not there, ValueError when it is
    damaged, and ImportError without pooch.
    """
    pooch = _pooch(archive)
    place = Path(pooch.os_cache("imbal_lab")) / archive.file_name
    if download:
        _fetch(pooch, archive, place.parent)
    elif not place.is_file():
        raise FileNotFoundError(
            f"{archive.file_name} is not in {place.parent}; say download=True to fetch it from "
            f"{archive.url} (162 MB), or give an archive that you have with file="
        )
    elif pooch.file_hash(str(place), "md5") != archive.md5:
        raise ValueError(f"{place} is damaged; say download=True to fetch it again")
    return place


def _fetch(pooch: ModuleType, archive: Archive, folder: Path) -> None:
    """Nothing is fetched when the archive is there and whole."""
    md5 = f"md5:{archive.md5}"
    try:
        pooch.retrieve(archive.url, md5, archive.file_name, folder, progressbar=True)
    except OSError as error:
        raise OSError(
            f"{archive.url} could not be fetched ({error}); fetch it by other means, and give the "
            "archive with file="
        ) from error


def _pooch(archive: Archive) -> ModuleType:
    try:
        import pooch
    except ImportError:
        raise ImportError(
            f"to find or download {archive.file_name}, install pooch: pip install "
            "'imbal-lab[real]'; or give an archive that you have with file="
        ) from None
    return pooch


def _images(archive: Archive, file: str | Path | None, download: bool) -> tuple[Pools, Pools]:
    """Training and test images of every class, from ``file`` or from the cache folder."""
    if not isinstance(download, bool) or (download and file is not None):
        raise ValueError(
            f"download={download!r} with file={file!r}: give file= for an archive that you have, "
            "or download=True"
        )
    place = archive_path(archive, download) if file is None else path("file", file)
    return read_archive(place, archive.layout)


def _source(name: str, archive: Archive, class_names: str, n_max: int, n_test: int) -> Source:
    def make(
        labels: Sequence[int],
        sizes: Sequence[int],
        n_tests: Sequence[int],
        seed: int,
        file: str | Path | None = None,
        download: bool = False,
    ) -> Split:
        train, test = _images(archive, file, download)

        def draw(
            label: int, n_train: int, n_test: int, rng: np.random.Generator
        ) -> tuple[np.ndarray, np.ndarray]:
            what = f"images of class {label}"
            a, b = from_two_pools(train[label], test[label], n_train, n_test, rng, what)
            return _standardised(a), _standardised(b)

        return class_by_class(draw)(labels, sizes, n_tests, seed)

    return Source(
        name=name,
        class_names=tuple(class_names.split()),
        hard_order=(),
        n_max=n_max,
        n_test=n_test,
        make=make,
        options=("file", "download"),
    )


def _standardised(images: np.ndarray) -> np.ndarray:
    return (images.astype(np.float32) / 255 - MEAN) / SPREAD


CIFAR10_LT = _source(
    "cifar10_lt",
    ARCHIVE10,
    "airplane automobile bird cat deer dog frog horse ship truck",
    n_max=5000,
    n_test=1000,
)
CIFAR100_LT = _source(
    "cifar100_lt",
    ARCHIVE100,
    # alphabetical, which is the order of the labels
    "apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus "
    "butterfly camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch "
    "crab crocodile cup dinosaur dolphin elephant flatfish forest fox girl hamster house kangaroo "
    "keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle mountain mouse "
    "mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate poppy "
    "porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper "
    "snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone television "
    "tiger tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm",
    n_max=500,
    n_test=100,
)
