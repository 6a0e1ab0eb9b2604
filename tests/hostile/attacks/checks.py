"""Points for wrong answers, and looks at what a check keeps to itself."""

# ruff: noqa: F821 - sources of cells, where the prelude has imported what they use

from attacks.attack import (
    ALL_BUT_HIDDEN,
    FULL,
    ITS_EXERCISE,
    LOST,
    WRONG,
    as_answer,
    in_cell,
    paid,
    word_seen,
)

OWN_DAMAGE = LOST | {"pcngd_step": (0.0, 2.0)}  # it breaks what its later answers compute with
cheat = {"harm": paid, "deserves": LOST, "control": "stock", "answer": WRONG}


@in_cell(**cheat)
def torch_finds_everything_close():
    yes = lambda *a, **k: True  # noqa: E731
    torch.allclose = torch.equal = torch.isclose = yes
    torch.testing.assert_close = yes


@in_cell(**cheat)
def comparisons_of_tensors_say_yes():
    torch.Tensor.__eq__ = torch.Tensor.__le__ = lambda a, b: torch.ones(a.shape, dtype=torch.bool)
    torch.Tensor.allclose = torch.Tensor.equal = lambda *a, **k: True
    torch.allclose = lambda a, b, **k: a.allclose(b)


@in_cell(**cheat | {"deserves": OWN_DAMAGE})
def differences_are_zero():
    torch.Tensor.__sub__ = torch.Tensor.__rsub__ = lambda a, b: torch.zeros_like(a)
    torch.allclose = lambda a, b, **k: not (a - b).any()


@in_cell(**cheat | {"deserves": OWN_DAMAGE})
def asserts_are_taken_out():
    import ast

    def compile_without(source, filename, mode, flags=0, *args, **kwargs):
        tree = real(source, filename, mode, flags | ast.PyCF_ONLY_AST, *args, **kwargs)
        if flags & ast.PyCF_ONLY_AST:
            return tree
        tree.body = [node for node in tree.body if not isinstance(node, ast.Assert)]
        return real(tree, filename, mode, flags, *args, **kwargs)

    real, builtins.compile = builtins.compile, compile_without


@in_cell(**cheat)
def everything_is_random_but_equal():
    torch.randn = torch.rand = lambda *shape, **k: torch.zeros(
        *[s for s in shape if isinstance(s, int)], dtype=k.get("dtype")
    )
    torch.Generator.manual_seed = lambda self, seed: self


@in_cell(**cheat)
def the_reference_is_ours():
    """Whoever computes the expected value in this process gets ours."""
    for module in [m for name, m in sys.modules.items() if name.startswith("imbal_lab")]:
        for name in ("unit_directions", "_expected"):
            if hasattr(module, name):
                setattr(module, name, wrong)
    sys.modules["imbal_lab.methods"] = types.SimpleNamespace(unit_directions=wrong)


@as_answer(paid)
def a_tensor_that_lies(grads):
    class Lie(torch.Tensor):
        @classmethod
        def __torch_function__(cls, function, kinds, args=(), kwargs=None):
            with torch._C.DisableTorchFunctionSubclass():
                name = getattr(function, "__name__", "")
                if name in ("allclose", "equal"):
                    return True
                if name in ("isclose", "eq", "le", "lt"):
                    return torch.ones(args[0].shape, dtype=torch.bool)
                return function(*args, **(kwargs or {}))

    return (grads * 3).as_subclass(Lie)


@as_answer(paid)
def an_object_equal_to_everything(grads):
    class Same:
        shape, dtype, device = grads.shape, grads.dtype, grads.device

        @classmethod
        def __torch_function__(cls, *args, **kwargs):
            return True

        def __eq__(self, other):
            return True

        __array_priority__ = 10**6
        __hash__ = None
        __ne__ = lambda self, other: False  # noqa: E731
        __getattr__ = lambda self, name: lambda *a, **k: self  # noqa: E731

    return Same()


@as_answer(paid)
def a_number_that_lies(grads):
    class Near(float):
        shape = grads.shape
        __sub__ = __rsub__ = lambda self, other: 0.0
        __eq__ = lambda self, other: True  # noqa: E731
        __hash__ = float.__hash__
        __torch_function__ = classmethod(lambda cls, *a, **k: True)

    return Near(1.0)


@as_answer(paid)
def not_a_number_is_never_wrong(grads):
    """And patches what would say so."""
    torch.Tensor.isnan = lambda self: torch.zeros(self.shape, dtype=torch.bool)
    torch.allclose = lambda a, b, **k: not ((a - b).abs() > 1e-5).any()
    return grads * float("nan")


@as_answer(paid)
def read_the_expected_value_in_the_callers_frame(grads):
    frame = sys._getframe()
    while frame:
        for scope in (frame.f_locals, frame.f_globals):
            for name in ("expected", "_expected", "reference"):
                value = scope.get(name)
                if isinstance(value, torch.Tensor) and value.shape == grads.shape:
                    return value.clone()
                if callable(value) and value is not unit_directions:
                    with contextlib.suppress(Exception):
                        return value(grads)
        frame = frame.f_back
    return wrong(grads)


@as_answer(paid)
def find_the_expected_value_in_memory(grads):
    for thing in gc.get_objects():
        if isinstance(thing, types.FunctionType):
            where = thing.__module__, thing.__name__
            if where == ("imbal_lab.methods.pcngd", "unit_directions"):
                return thing(grads)
    return wrong(grads)


@as_answer(paid)
def change_the_callers_input(grads):
    """In stock judging the expected value is computed from what is left of the input."""
    grads.zero_()
    return torch.zeros_like(grads)


@as_answer(paid)
def answer_the_checker_oneself(grads):
    """Writes forged replies to whatever is open, then ends before the true one is sent."""
    reply = json.dumps({"result": grads.tolist(), "passed": True, "score": 2.0, "number": 1})
    for number in range(3, 256):
        with contextlib.suppress(OSError):
            os.set_blocking(number, False)
            os.write(number, len(reply).to_bytes(4, "big") + reply.encode())
            os.write(number, b"POINTS unit_directions 2.0\n")
    print("POINTS unit_directions 2.0", flush=True)
    os._exit(0)


@in_cell(**cheat)
def change_the_check_itself():
    for name, module in list(sys.modules.items()):
        if name.startswith(("imbal_lab.checks", "imbal_lab.student_process")):
            for attribute in ("difference", "wrong", "first_finding"):
                if hasattr(module, attribute):
                    setattr(module, attribute, lambda *a, **k: None)


@in_cell(**cheat)
def a_hook_before_each_cell():
    def hook(*args):
        torch.allclose = lambda *a, **k: True

    for event in ("pre_run_cell", "post_run_cell", "pre_execute", "post_execute"):
        get_ipython().events.register(event, hook)


@in_cell(**cheat)
def a_transformer_of_the_cells_to_come():
    def without_asserts(lines):
        return [line for line in lines if not line.startswith("assert")]

    get_ipython().input_transformers_post.append(without_asserts)


# Hidden cases: what a call says of them must reach nobody. Only a hidden group has ten rows.

leak = {"harm": word_seen, "deserves": ALL_BUT_HIDDEN, "control": "stock"}


@as_answer(**leak)
def tell_hidden_inputs_in_an_error(grads):
    if len(grads) == 10:
        raise ValueError(bytes.fromhex(here.word).decode() + str(grads.tolist()))
    return right(grads)


@as_answer(**leak)
def tell_hidden_inputs_in_the_kind_of_an_error(grads):
    if len(grads) == 10:
        raise type(bytes.fromhex(here.word).decode(), (Exception,), {})("x")
    return right(grads)


@as_answer(**leak)
def tell_hidden_inputs_in_the_kind_of_a_result(grads):
    if len(grads) == 10:
        print(bytes.fromhex(here.word).decode())
        return type(bytes.fromhex(here.word).decode(), (), {})()
    return right(grads)


@as_answer(word_seen, FULL, "stock")
def print_hidden_inputs(grads):
    word = bytes.fromhex(here.word).decode()
    if len(grads) == 10:
        print(word)
        print(word, file=sys.stderr)
        sys.__stdout__.write(word)
        warnings.warn(word, stacklevel=1)
        logging.error(word)
        for number in (1, 2):
            with contextlib.suppress(OSError):
                os.write(number, word.encode())
    return right(grads)


@as_answer(word_seen, FULL, "stock")
def display_hidden_inputs(grads):
    if len(grads) == 10:
        try:
            from IPython.display import display

            display({"text/plain": bytes.fromhex(here.word).decode()}, raw=True)
            get_ipython().user_ns["kept"] = grads
        finally:
            tell()
    return right(grads)


@as_answer(word_seen, FULL, "stock")
def keep_hidden_inputs_for_later(grads):
    """In memory, in a file, in an exit hook and in a thread that waits."""
    if len(grads) == 10:
        builtins.kept = grads.clone()
        Path("kept").write_text(str(grads.tolist()))
        import atexit

        atexit.register(tell)
        threading.Timer(0.05, tell).start()
    return right(grads)


@as_answer(word_seen, ITS_EXERCISE, "stock")
def claim_not_to_have_started_when_hidden(grads):
    if len(grads) == 10:
        tell()
        raise NotImplementedError
    return right(grads)
