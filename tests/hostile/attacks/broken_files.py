"""What is handed in as a notebook and is none, or none that everybody can read."""

import gzip
import json
import os
from pathlib import Path

from attacks.attack import (
    FULL,
    ITS_OWN,
    NOTHING,
    as_notebook,
    not_ended,
    secret_seen,
)

broken = {"harm": not_ended, "deserves": NOTHING, "control": "reader"}


@as_notebook(**broken)
def an_empty_file(notebook, here):
    return b""


@as_notebook(**broken)
def half_a_notebook(notebook, here):
    text = json.dumps(notebook).encode()
    return text[: len(text) // 2]


@as_notebook(**broken)
def bytes_at_random(notebook, here):
    return bytes(range(256)) * 100


@as_notebook(**broken)
def zero_bytes(notebook, here):
    return bytes(10_000)


@as_notebook(**broken)
def a_list_in_place_of_a_notebook(notebook, here):
    return b"[1, 2, 3]"


@as_notebook(**broken)
def a_hundred_thousand_brackets(notebook, here):
    return b'{"cells":' + b"[" * 100_000


@as_notebook(not_ended, ITS_OWN, "reader")
def numbers_that_are_none(notebook, here):
    text = json.dumps(notebook).replace('"points": 1', '"points": 1e999')
    return text.replace('"points": 2', f'"points": {"9" * 5000}').encode()


@as_notebook(not_ended, FULL, "reader")
def sixteen_bits_a_character(notebook, here):
    return json.dumps(notebook).encode("utf-16")


@as_notebook(**broken)
def a_compressed_bomb(notebook, here):
    return gzip.compress(bytes(2**26))


@as_notebook(not_ended, ITS_OWN, "reader")
def cells_of_every_wrong_kind(notebook, here):
    notebook["cells"] += [None, 1, "x", [], {}, {"cell_type": []}, {"cell_type": "code"}]
    notebook["cells"].append({"cell_type": "code", "source": {"a": 1}, "metadata": [], "id": 7})


@as_notebook(**broken)
def a_pipe_that_nobody_fills(notebook, here):
    return os.mkfifo


@as_notebook(secret_seen, NOTHING, "reader")
def a_link_to_a_diary(notebook, here):
    return lambda path: path.symlink_to(here.diary)


@as_notebook(secret_seen, NOTHING, "reader")
def a_link_to_a_classmates_notebook(notebook, here):
    return lambda path: path.symlink_to(here.classmate)


@as_notebook(**broken)
def a_link_to_endless_zeroes(notebook, here):
    return lambda path: path.symlink_to("/dev/zero")


@as_notebook(**broken)
def a_folder(notebook, here):
    return Path.mkdir


@as_notebook(**broken)
def a_link_to_itself(notebook, here):
    return lambda path: path.symlink_to(path.name)


@as_notebook(**broken)
def a_file_of_a_gigabyte(notebook, here):
    def make(path):
        with path.open("wb") as file:
            file.truncate(2**30)

    return make
