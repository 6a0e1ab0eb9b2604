"""What a student's code is flagged for: dotted names, and why a person should look."""

from __future__ import annotations

from collections.abc import Container

SHELL = "it starts another program"
INTERPRETER = "it reaches into the running interpreter"
COMPOSED = "it runs code that is put together while it runs"
PROC = "it reads the system's view of running programs"
PATCH = "it changes the library or Python itself"
FORBIDDEN = "the task asks to do without it"
NOT_READ = "the cell is too involved to be looked through"

# A name stands for everything below it: "socket" for socket.create_connection, too.
REASONS = {
    "it uses the library's own answers": """
        imbal_lab.methods imbal_lab.gradients imbal_lab.exercises imbal_lab.claims
        imbal_lab.training imbal_lab.instruments imbal_lab.authoring
    """,
    "it reaches for the grader": """
        imbal_lab.grading imbal_lab.student_process imbal_lab.sandbox
    """,
    SHELL: """
        subprocess pty os.system os.popen os.fork os.forkpty os.posix_spawn os.posix_spawnp
        os.execl os.execle os.execlp os.execlpe os.execv os.execve os.execvp os.execvpe
        os.spawnl os.spawnle os.spawnlp os.spawnlpe os.spawnv os.spawnve os.spawnvp os.spawnvpe
    """,
    "it opens a network connection": """
        socket socketserver urllib.request http.client requests torch.hub
    """,
    INTERPRETER: """
        gc.get_objects gc.get_referrers gc.get_referents inspect.stack inspect.trace
        inspect.currentframe inspect.getouterframes sys._getframe sys._current_frames sys.modules
        sys.meta_path sys.path_hooks sys.settrace sys.setprofile threading.settrace
        threading.setprofile get_ipython.events
    """,
    COMPOSED: """
        exec eval compile runpy code codeop importlib.util importlib.machinery zipimport
    """,
    "it loads native code": """
        ctypes cffi numpy.ctypeslib torch.utils.cpp_extension torch.ops
    """,
    PATCH: """
        unittest.mock
    """,
}
NAMES = {name: why for why, names in REASONS.items() for name in names.split()}

# Attributes that lead from any object to the code and the frames behind it.
INNER_ATTRIBUTES = str.split("""
    __subclasses__ __globals__ __code__ __closure__ __builtins__
    f_back f_globals f_locals tb_frame gi_frame cr_frame
""")

# Libraries that must not be written to; settings below torch.backends are meant to be.
NOT_TO_PATCH = ("torch", "numpy", "imbal_lab", "builtins", "math", "operator")
MAY_BE_SET = ("torch.backends",)

SHELL_MAGICS = str.split("""
    bash sh script sx system perl ruby pypy python python2 python3
""")


def below(name: str, heads: Container[str]) -> str | None:
    """Which of `heads` a dotted name is or lies below; None where it is none of them.

    >>> below("torch.optim.SGD", ["os", "torch.optim"])
    'torch.optim'
    """
    parts = name.split(".")
    starts = (".".join(parts[:length]) for length in range(1, len(parts) + 1))
    return next((start for start in starts if start in heads), None)
