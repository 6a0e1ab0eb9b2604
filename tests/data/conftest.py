"""Tiny files in the formats of the real sets."""

import io
import tarfile

import pytest


@pytest.fixture
def write_archive():
    """Writes a .tar.gz archive: a readme, and a regular file for each name and its bytes."""

    def write(path, members):
        with tarfile.open(path, "w:gz", compresslevel=1) as archive:
            for name, content in {"readme.html": b"<html>", **members}.items():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
        return path

    return write
