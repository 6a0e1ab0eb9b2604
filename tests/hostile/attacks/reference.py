"""Roads to the reference answer: who finds it hands it in as their own."""

# ruff: noqa: F821 - sources of cells, where the prelude has imported what they use

from attacks.attack import as_answer, paid


@as_answer(paid)
def by_import(grads):
    from imbal_lab.methods import unit_directions as theirs

    return theirs(grads)


@as_answer(paid)
def by_import_of_a_spelled_name(grads):
    module = importlib.import_module("imbal_lab." + "sdohtem"[::-1])
    return getattr(module, "unit_" + "directions")(grads)


@as_answer(paid)
def by_the_mistakes_of_the_exercise(grads):
    """The exercise's own downhill mistake is minus the reference."""
    exercise = importlib.import_module("imbal_lab.exercises.unit_directions")
    return -exercise.downhill(grads)


@as_answer(paid)
def by_its_source_file(grads):
    source = Path(here.rooms, "methods", "pcngd.py").read_text()
    found = re.search(r"def unit_directions.*?(?=\n\n\n|\Z)", source, re.S)[0]
    names = {"torch": torch, "Tensor": torch.Tensor}
    exec(found, names)
    return names["unit_directions"](grads)


@as_answer(paid)
def by_a_path_of_ones_own(grads):
    sys.path.insert(0, str(Path(here.rooms).parent))
    for name in [name for name in sys.modules if name.startswith("imbal_lab")]:
        del sys.modules[name]
    from imbal_lab.methods import unit_directions as theirs

    return theirs(grads)


@as_answer(paid)
def by_the_loaded_modules(grads):
    for name, module in list(sys.modules.items()):
        theirs = getattr(module, "unit_directions", None)
        if name.startswith("imbal_lab.methods") and callable(theirs):
            return theirs(grads)
    return wrong(grads)


@as_answer(paid)
def by_another_python(grads):
    code = (
        f"import sys, json; sys.path.insert(0, {str(Path(here.rooms).parent)!r}); import torch;"
        "from imbal_lab.methods import unit_directions as f;"
        f"print(json.dumps(f(torch.tensor({grads.tolist()}, dtype=torch.float64)).tolist()))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    return torch.tensor(json.loads(said.stdout), dtype=grads.dtype)


@as_answer(paid)
def by_the_linecache(grads):
    """inspect.getsource of what is loaded, and of what the check was made from."""
    for module in list(sys.modules.values()):
        if getattr(module, "__name__", "").startswith("imbal_lab"):
            with contextlib.suppress(OSError, TypeError):
                found = re.search(
                    r"def unit_directions.*?(?=\n\n\n|\Z)", inspect.getsource(module), re.S
                )
                if found:
                    names = {"torch": torch, "Tensor": torch.Tensor}
                    exec(found[0], names)
                    return names["unit_directions"](grads)
    return wrong(grads)
