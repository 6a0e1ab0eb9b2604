"""What one submission leaves for those after it: startup files, packages, the warm parent."""

# ruff: noqa: F821 - sources of cells, where the prelude has imported what they use

from attacks.attack import changed, in_cell, word_seen


@in_cell(changed)
def a_startup_file_of_python_at_home():
    """The home of the user that grades is the folder outside."""
    site = Path(here.outside, ".local/lib/python3.11/site-packages")
    site.mkdir(parents=True)
    (site / "usercustomize.py").write_text("import os; os._exit(0)")


@in_cell(changed)
def a_startup_file_of_ipython():
    startup = Path(here.outside, ".ipython/profile_default/startup")
    startup.mkdir(parents=True)
    (startup / "00.py").write_text("import os; os._exit(0)")


@in_cell(changed)
def a_setting_of_matplotlib():
    folder = Path(here.outside, ".config/matplotlib")
    folder.mkdir(parents=True)
    (folder / "matplotlibrc").write_text("backend: nonsense")


@in_cell(changed)
def a_package_that_torch_compiles():
    os.environ["TORCH_EXTENSIONS_DIR"] = here.outside
    Path(os.environ["TORCH_EXTENSIONS_DIR"], "extension.so").touch()


@in_cell(word_seen)
def a_file_among_the_packages():
    """Where Python looks first is a copy of the course's package that the grader made."""
    for folder in (*map(Path, sys.path), Path(here.rooms), Path(json.__file__).parent):
        place = folder / "hostile_left_this.py"
        with contextlib.suppress(OSError):
            place.touch()
            place.unlink()
            tell()
