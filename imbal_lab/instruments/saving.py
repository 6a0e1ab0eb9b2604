"""A recording on disk: one .npz file of plain arrays, whole or not there at all.

Nothing is pickled, so that a file from somebody else can be opened without running it.
"""

import os
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

FORMAT = "imbal_lab.recording"

DAMAGED = (  # what reading a damaged archive has been seen to raise
    zipfile.BadZipFile, zlib.error, ValueError, KeyError, EOFError, OSError, RuntimeError,
)  # fmt: skip


def save_tensors(path: str | Path, kind: str, tensors: dict[str, Tensor]) -> None:
    """Write ``tensors`` to ``path``; a file that stood there is replaced at the last moment."""
    path = Path(path)
    arrays: dict[str, Any] = {name: t.detach().cpu().numpy() for name, t in tensors.items()}
    arrays[FORMAT] = np.array(kind)
    handle, partial = tempfile.mkstemp(prefix=path.name, suffix=".partial", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez_compressed(file, **arrays)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException:
        os.unlink(partial)
        raise


def load_tensors(path: str | Path, kind: str, names: tuple[str, ...]) -> dict[str, Tensor]:
    """The tensors ``names`` of a file written as ``kind``, on the CPU.

    Raises ValueError for a file that is damaged, or that holds something else.
    """
    with open(path, "rb") as opened:
        try:
            with np.load(opened, allow_pickle=False) as file:
                found = str(file[FORMAT]) if FORMAT in file.files else "another kind of file"
                if found == kind:
                    return {name: torch.from_numpy(file[name]) for name in names}
        except DAMAGED as error:
            raise ValueError(
                f"path: {str(path)!r} is damaged or no recording ({error}); restore it or record "
                "again"
            ) from error
    raise ValueError(f"path: {str(path)!r} holds {found}, but a {kind} was asked for")
