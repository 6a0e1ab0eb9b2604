"""No set-user-id program, and no file capability, gives this process rights that it lacks.

``prctl(PR_SET_NO_NEW_PRIVS)``, Linux 3.5. Inherited by children, kept over exec, never undone. It
is also what the kernel asks of a user who is not root before Landlock and seccomp.
"""

from imbal_lab.sandbox.kernel import prctl

PR_SET_NO_NEW_PRIVS = 38


def set_no_new_privs() -> None:
    """Set it for the calling thread and its children."""
    prctl(PR_SET_NO_NEW_PRIVS, 1)
