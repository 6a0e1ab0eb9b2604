"""The filter, run by a small machine of our own; its numbers, held against libseccomp's."""

import ctypes
import errno
import re
import subprocess
from pathlib import Path

import pytest

from imbal_lab.sandbox.no_new_privs import set_no_new_privs
from imbal_lab.sandbox.seccomp import program, refuse_system_calls
from imbal_lab.sandbox.system_calls import CONDITIONAL, NEWEST, NUMBERS

MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
COLUMN = {"x86_64": 0, "aarch64": 1}
ALLOW, KILL, EPERM, ENOSYS = 0x7FFF0000, 0x80000000, 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS

# By hand, from the manual pages and unistd.h: what must go on working.
HONEST = {
    "x86_64": {"read": 0, "write": 1, "openat": 257, "socketpair": 53, "futex": 202, "execve": 59,
               "exit_group": 231, "rt_sigaction": 13, "brk": 12, "getrandom": 318, "wait4": 61},
    "aarch64": {"read": 63, "write": 64, "openat": 56, "socketpair": 199, "futex": 98,
                "execve": 221, "exit_group": 94, "brk": 214, "getrandom": 278, "wait4": 260},
}  # fmt: skip


def verdict(machine, number, *arguments, audit_name=None):
    """Classic BPF by its definition: an accumulator, forward jumps, a return."""
    words = {0: number, 4: MACHINES[machine] if audit_name is None else audit_name}
    for k, argument in enumerate(arguments):
        words[16 + 8 * k], words[20 + 8 * k] = argument & 0xFFFFFFFF, argument >> 32
    statements, accumulator, at = program(machine), 0, 0
    while True:
        code, if_true, if_false, constant = statements[at]
        at += 1
        if code == 0x06:
            return constant
        if code == 0x20:
            accumulator = words.get(constant, 0)
        elif code == 0x54:
            accumulator &= constant
        else:
            holds = {0x15: accumulator == constant, 0x25: accumulator > constant}[code]
            at += if_true if holds else if_false


@pytest.mark.parametrize("machine", MACHINES)
def test_every_listed_call_is_refused(machine):
    numbers = [pair[COLUMN[machine]] for pair in NUMBERS.values()]
    assert {verdict(machine, n) for n in numbers if n is not None} == {EPERM}


@pytest.mark.parametrize("machine", MACHINES)
def test_all_other_calls_go_through(machine):
    column = COLUMN[machine]
    listed = {pair[column] for pair in (*NUMBERS.values(), *CONDITIONAL.values())}
    assert {verdict(machine, n) for n in range(NEWEST + 1) if n not in listed} == {ALLOW}
    assert listed.isdisjoint(HONEST[machine].values())


@pytest.mark.parametrize("machine", MACHINES)
def test_calls_from_later_and_x32_are_missing(machine):
    assert verdict(machine, NEWEST + 1) == ENOSYS
    assert verdict(machine, 0x4000_0000 + 41) == ENOSYS  # socket, the x32 way
    assert verdict(machine, 2**32 - 1) == ENOSYS


def test_another_architecture_ends_the_process():
    i386, arm = 0x40000003, 0x40000028
    assert verdict("x86_64", 102, audit_name=i386) == KILL  # socketcall
    assert verdict("aarch64", 281, audit_name=arm) == KILL
    assert verdict("aarch64", 198, audit_name=MACHINES["x86_64"]) == KILL


@pytest.mark.parametrize("machine", MACHINES)
def test_conditions(machine):
    def said(call, *arguments):
        return verdict(machine, CONDITIONAL[call][COLUMN[machine]], *arguments)

    thread = 0x3D0F00  # what the C library asks for
    assert said("clone", thread) == said("clone", 17) == ALLOW
    for flag in (17, 25, 26, 27, 28, 29, 30):  # mounts, cgroups, names, messages, user, ...
        assert said("clone", thread | 1 << flag) == EPERM
    assert said("clone3") == ENOSYS
    assert said("ioctl", 0, 0x5401) == ALLOW  # is it a terminal
    assert said("ioctl", 0, 0x5412) == said("ioctl", 0, 0x541C) == EPERM
    assert said("ioctl", 0, 0xFFFF_FFFF_0000_5412) == EPERM  # the kernel reads the low half
    private, shared, without_file = 2, 1, 0x20
    assert said("mmap", 0, 0, 0, private | without_file) == said("mmap", 0, 0, 0, shared) == ALLOW
    assert said("mmap", 0, 0, 0, shared | without_file) == EPERM
    assert said("mmap", 0, 0, 0, shared | without_file | 0x4000) == EPERM
    assert said("prlimit64", 0) == ALLOW
    assert said("prlimit64", 1) == said("prlimit64", 2**32 - 1) == EPERM


def header_numbers():
    """From the C headers of this machine, where they are."""
    path = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
    text = path.read_text() if path.exists() else ""
    return {name: int(n) for name, n in re.findall(r"#define __NR_(\w+) (\d+)", text)}


def test_numbers_are_those_of_libseccomp_and_the_headers():
    """Where neither is installed, those that never change on any machine are still held."""
    known = {("x86_64", "socket"): 41, ("x86_64", "ptrace"): 101, ("aarch64", "socket"): 198}
    known |= {("x86_64", name): number for name, number in header_numbers().items()}
    try:
        library = ctypes.CDLL("libseccomp.so.2")
    except OSError:
        library = None
    for name in (*NUMBERS, *CONDITIONAL) if library else ():
        for machine, audit_name in MACHINES.items():
            number = library.seccomp_syscall_resolve_name_arch(audit_name, name.encode())
            if number >= 0:  # negative: a call it does not know, or the machine does not have
                known[machine, name] = number
    ours = {
        (machine, name): pair[COLUMN[machine]]
        for name, pair in (NUMBERS | CONDITIONAL).items()
        for machine in MACHINES
    }
    assert {key: ours[key] for key in known if key in ours} == {
        key: known[key] for key in known if key in ours
    }


def test_an_unknown_machine_is_refused_by_name():
    with pytest.raises(OSError, match="no list of system calls for 'riscv64'"):
        program("riscv64")


def test_it_is_kept_after_exec(in_child, user):
    def work(_):
        set_no_new_privs()
        refuse_system_calls()
        said = subprocess.run(["/bin/chmod", "0", "/dev/null"], capture_output=True, check=False)
        return said.returncode, said.stderr.decode()

    code, message = in_child(work, user).value
    assert code == 1
    assert "Operation not permitted" in message
