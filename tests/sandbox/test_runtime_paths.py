"""What is hidden inside a readable folder: everything around it stays, by every name."""

import os

import pytest

from imbal_lab.sandbox import confine
from imbal_lab.sandbox.runtime_paths import runtime_paths, visible


@pytest.fixture
def prefix(tmp_path):
    """As an installation of Python: lib64 is a link to lib, and a link leads back up."""
    packages = tmp_path / "lib" / "site-packages"
    for name in ("torch", "secret", "secret2"):
        (packages / name).mkdir(parents=True)
        (packages / name / "code.py").touch()
    (tmp_path / "lib64").symlink_to("lib")
    (packages / "up").symlink_to("../..")
    (packages / "alias").symlink_to("secret")
    (tmp_path / "bin").mkdir()
    return tmp_path


def test_nothing_hidden_nothing_changed(prefix):
    assert visible([prefix], []) == [*runtime_paths(), prefix]
    elsewhere = prefix / "nowhere" / "else"
    assert visible([prefix / "bin"], [elsewhere]) == [*runtime_paths(), prefix / "bin"]


def test_a_folder_around_a_hidden_one_is_given_child_by_child(prefix):
    hidden = prefix / "lib" / "site-packages" / "secret"
    found = visible([prefix], [hidden])[len(runtime_paths()) :]
    assert sorted(str(path.relative_to(prefix)) for path in found) == [
        "bin",
        "lib/site-packages/secret2",
        "lib/site-packages/torch",
        "lib64/site-packages/secret2",
        "lib64/site-packages/torch",
    ]
    assert not any(hidden.resolve().is_relative_to(path.resolve()) for path in found)


def test_what_is_hidden_is_not_given_at_all(prefix):
    hidden = prefix / "lib" / "site-packages" / "secret"
    assert visible([hidden, hidden / "code.py"], [hidden]) == runtime_paths()
    by_link = prefix / "lib64" / "site-packages" / "alias"
    assert visible([by_link], [hidden]) == runtime_paths()


@pytest.mark.parametrize("left_out", [(), ("namespaces",)])
def test_a_confined_process_reads_around_it(in_child, user, folder, layers_of, left_out):
    layers = [layer for layer in layers_of(user) if layer not in left_out]
    scratch, packages = folder / "scratch", folder / "packages"
    for path in (scratch, packages / "open", packages / "hidden"):
        path.mkdir(parents=True)
        path.chmod(0o755)
    for path in (folder, packages):
        path.chmod(0o755)
    for name in ("open", "hidden"):
        (packages / name / "file").write_text(name)
    if user == "nobody":
        os.chown(scratch, 65534, 65534)

    def work(report):
        confine(scratch, layers, readable=[packages], hidden=[packages / "hidden"],
                keep=(0, 1, 2, report))  # fmt: skip
        said = []
        for name in ("open", "hidden"):
            try:
                said.append((packages / name / "file").read_text())
            except OSError:
                said.append("refused")
        return said

    assert in_child(work, user).value == ["open", "refused"]
