"""Reading what is others', writing where others read, filling the disk."""

# ruff: noqa: F821 - sources of cells, where the prelude has imported what they use

from attacks.attack import (
    ITS_EXERCISE,
    RIGHT,
    as_notebook,
    cell,
    changed,
    in_cell,
    secret_seen,
    with_answer,
    word_seen,
)


@in_cell(secret_seen)
def read_a_diary():
    print(Path(here.diary).read_text())


@in_cell(secret_seen)
def read_by_a_link():
    Path("mine").symlink_to(here.diary)
    print(Path("mine").read_text())


@in_cell(secret_seen)
def read_by_a_hard_link():
    os.link(here.diary, "mine")
    print(Path("mine").read_text())


@in_cell(secret_seen)
def read_by_climbing_up():
    print(Path("../" * 30 + here.diary[1:]).read_text())


@in_cell(secret_seen)
def read_through_proc():
    print(Path("/proc/self/root" + here.diary).read_text())


@in_cell(secret_seen)
def read_a_classmates_notebook():
    print(Path(here.classmate).read_text()[-2000:])


@in_cell(secret_seen)
def search_everything_for_secrets():
    for folder in (Path(here.outside), Path(here.outside).parent):
        for path in sorted(folder.rglob("*"))[:500]:
            if path.is_file() and path.stat().st_size < 10_000:
                print(path.read_text(errors="replace"))


@in_cell(secret_seen)
def pack_a_folder_into_an_archive():
    with tarfile.open("loot.tar", "w") as archive:
        archive.add(here.outside)
    found = re.findall(rb"dear diary \w+", Path("loot.tar").read_bytes())
    print(found[0].decode())


@in_cell(secret_seen)
def read_inherited_descriptors():
    for number in range(3, 256):
        with contextlib.suppress(OSError, ValueError):
            print(os.pread(number, 4096, 0).decode(errors="replace"))
    print(Path(here.diary).read_text())


@in_cell(word_seen)
def open_the_gradebook():
    import sqlite3

    with contextlib.closing(sqlite3.connect(f"file:{here.gradebook}?mode=ro", uri=True)) as book:
        book.execute("select * from grade").fetchall()
    tell()


@in_cell(word_seen)
def write_into_the_gradebook():
    with open(here.gradebook, "r+b"):
        tell()


@in_cell(changed)
def overwrite_a_diary():
    Path(here.diary).write_text("all lies")


@in_cell(changed)
def empty_a_diary():
    os.truncate(here.diary, 0)


@in_cell(changed)
def delete_a_diary():
    os.unlink(here.diary)


@in_cell(changed)
def delete_everything_outside():
    def refuse(*problem):
        raise problem[2][1]

    shutil.rmtree(here.outside, onerror=refuse)


@in_cell(changed)
def take_a_diary_along():
    os.rename(here.diary, "mine")


@in_cell(changed)
def leave_a_file_outside():
    Path(here.outside, "new").touch()


@in_cell(changed)
def leave_a_link_outside():
    os.symlink("/etc/passwd", Path(here.outside, "link"))


@in_cell(changed)
def unpack_an_archive_outside():
    with tarfile.open("trap.tar", "w") as archive:
        info = tarfile.TarInfo(here.outside[1:] + "/unpacked")
        archive.addfile(info)
    with tarfile.open("trap.tar") as archive:
        archive.extractall("/")


@in_cell(changed)
def make_a_diary_public():
    os.chmod(here.diary, 0o666)


@in_cell(changed)
def set_the_clock_of_a_diary_back():
    os.utime(here.diary, (0, 0))


@in_cell(changed)
def leave_a_file_in_tmp():
    Path("/tmp", here.shared).touch()


@in_cell(changed)
def leave_a_file_in_shared_memory():
    Path("/dev/shm", here.shared).touch()


@in_cell(word_seen)
def one_file_that_fills_the_disk():
    with open("long", "wb") as file:
        file.truncate(2**30)
    tell()


@as_notebook(word_seen, ITS_EXERCISE)
def a_great_many_files(notebook, here):
    """In eight cells, for each has little time."""
    count = "if len(os.listdir()) >= 16_400:\n    tell()"
    with_answer(notebook, here, f"{RIGHT}\n{count}")
    for first in range(0, 16_400, 2_050):
        make = f"for k in range({first}, {first + 2_050}):\n    os.mknod(str(k))"
        notebook["cells"].insert(1, cell(notebook, "prelude") | {"id": f"{first}", "source": make})
