"""What was measured, on disk: one .npz file of plain arrays, whole or not there at all.

Nothing is pickled, so that a file from somebody else can be opened without running it.
"""

import os
import uuid
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

FORMAT = "imbal_lab.recording"

DAMAGED = (  # what reading a damaged archive has been seen to raise
    zipfile.BadZipFile, zlib.error, ValueError, KeyError, EOFError, OSError, RuntimeError,
)  # fmt: skip


def write_arrays(path: Path, arrays: Mapping[str, Any]) -> None:
    """Write ``arrays`` to ``path``; a file that stood there is replaced at the last moment."""
    partial = path.with_name(f"{path.name}.{uuid.uuid4().hex}.partial")
    try:
        with partial.open("xb") as file:
            np.savez_compressed(file, **arrays)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def save_tensors(path: str | Path, kind: str, tensors: dict[str, Tensor]) -> None:
    """Write ``tensors`` and what they are, a ``kind`` of recording, to ``path``."""
    arrays = {name: tensor.detach().cpu().numpy() for name, tensor in tensors.items()}
    write_arrays(Path(path), arrays | {FORMAT: np.array(kind)})


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
