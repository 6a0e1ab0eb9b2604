import hashlib

import pytest


def test_the_hash_is_that_of_the_file(paper):
    made = paper()
    assert made.hash == hashlib.sha256(made.protocol.read_bytes()).hexdigest()
    made.protocol.write_bytes(b"claims = ...\r\n")  # a checkout with Windows line ends
    assert made.hash == hashlib.sha256(b"claims = ...\n").hexdigest()
    made.protocol.write_text("claims = ...,\n")
    assert made.hash == hashlib.sha256(b"claims = ...,\n").hexdigest()


def test_a_folder_is_hashed_as_its_files_one_after_the_other(paper, tmp_path):
    folder = tmp_path / "tilted"
    folder.mkdir()
    (folder / "b.py").write_bytes(b"2\n")
    (folder / "a.py").write_bytes(b"1\n")
    (folder / "a.txt").write_bytes(b"no part of it\n")
    made = paper(protocol=folder)
    assert [file.name for file in made.files] == ["a.py", "b.py"]
    assert made.hash == hashlib.sha256(b"1\n2\n").hexdigest()


def test_quoted_seeds_are_fresh(paper):
    with pytest.raises(ValueError, match=r"quoted: seeds \[2\] were used in development"):
        paper(quoted=range(2, 9))


def test_ids_are_used_once(paper):
    with pytest.raises(ValueError, match=r"claims: .* used twice: \['tilted-a'\]"):
        paper(claims=paper().claims[:1] * 2)
