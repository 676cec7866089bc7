"""Which system calls a student's code may make: those that computing needs.

An allowlist: what is not named fails with EPERM, an ordinary exception in Python. Compiled here, by
libseccomp, where a missing library is loud; the child installs the finished program.

Left out, too, is what tells of the whole machine, for there one submission could leave a mark and
the next read it: free memory and blocks (`sysinfo`, `statfs`), pages of files in memory (`mincore`,
`fadvise64`), numbers that the kernel counts up for pipes, sockets and mounts (`pipe`, `statx`).
"""

import ctypes.util
import tempfile
from functools import cache

from .errors import SandboxError

# Memory, threads, time, the process's own identity and signals, files in its own mounts.
CALLS = """
    brk mmap mprotect mremap munmap msync
    set_robust_list get_robust_list rseq set_tid_address sched_yield sched_getaffinity
    sched_getparam sched_getscheduler getcpu
    exit exit_group restart_syscall
    rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait rt_sigsuspend sigaltstack
    tgkill kill pause alarm setitimer getitimer
    clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time times
    getpid getppid gettid getuid geteuid getgid getegid getgroups getresuid getresgid getpgrp
    getpgid getsid getrusage getrlimit uname getrandom arch_prctl getpriority
    read write readv writev pread64 pwrite64 preadv pwritev lseek close close_range
    poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait
    epoll_pwait epoll_pwait2 eventfd2
    open openat stat lstat access faccessat faccessat2
    readlink readlinkat getdents64 getcwd chdir fchdir umask
    mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 ftruncate truncate fallocate
    fsync fdatasync utimensat chmod fchmod fchmodat copy_file_range sendfile
"""
# With a file descriptor as the first argument; the line's has a number of its own in the kernel.
DESCRIPTOR_CALLS = "fstat newfstatat dup dup2 dup3"
LINE = 3  # the file descriptor that answers go through
_INT = (1 << 32) - 1  # the kernel looks at the lower half of such an argument alone
_CLONE_THREAD = 0x00010000
_FUTEX_PRIVATE = 128
_FUTEX_WAITS = (0, 9, 9 | 256)  # WAIT, WAIT_BITSET, the same by the real-time clock
_MADVISE = (0, 1, 2, 4, 8, 14, 15, 16, 17)  # NORMAL ... DODUMP, without what moves files' pages
_TERMINAL_QUESTIONS = (0x5401, 0x5413)  # TCGETS, TIOCGWINSZ: "is this a terminal?"
_FCNTL_HARMLESS = (0, 1, 2, 3, 4, 1030)  # DUPFD, GETFD, SETFD, GETFL, SETFL, DUPFD_CLOEXEC
_ENOSYS = 38
_EPERM = 1


@cache
def compiled_filter() -> bytes:
    """The filter as a BPF program for this machine.

    Raises:
        SandboxError: libseccomp is missing or refuses.
    """
    if ctypes.util.find_library("seccomp") is None:
        raise SandboxError("libseccomp is missing: on Debian or Ubuntu, apt install libseccomp2")
    import pyseccomp as seccomp

    rules = seccomp.SyscallFilter(seccomp.ERRNO(_EPERM))
    for name in CALLS.split():
        _allow(seccomp, rules, name)
    # Threads, but no processes. The newer call hides its flags in memory, where no filter sees
    # them: told that it does not exist, libc takes the older one.
    is_thread = seccomp.Arg(0, seccomp.MASKED_EQ, _CLONE_THREAD, _CLONE_THREAD)
    rules.add_rule(seccomp.ALLOW, "clone", is_thread)
    rules.add_rule(seccomp.ERRNO(_ENOSYS), "clone3")
    rules.add_rule(seccomp.ERRNO(_ENOSYS), "statx")
    for request in _TERMINAL_QUESTIONS:
        rules.add_rule(seccomp.ALLOW, "ioctl", seccomp.Arg(1, seccomp.EQ, request))
    for advice in _MADVISE:
        rules.add_rule(seccomp.ALLOW, "madvise", seccomp.Arg(2, seccomp.EQ, advice))
    # A futex in a file that two sandboxes see could be woken from one to the other.
    private = seccomp.Arg(1, seccomp.MASKED_EQ, _FUTEX_PRIVATE, _FUTEX_PRIVATE)
    rules.add_rule(seccomp.ALLOW, "futex", private)
    for operation in _FUTEX_WAITS:  # for the end of a thread
        rules.add_rule(seccomp.ALLOW, "futex", seccomp.Arg(1, seccomp.EQ, operation))
    for not_the_line in _not_the_line(seccomp):
        for name in DESCRIPTOR_CALLS.split():
            _allow(seccomp, rules, name, not_the_line)
        for command in _FCNTL_HARMLESS:
            harmless = seccomp.Arg(1, seccomp.EQ, command)
            rules.add_rule(seccomp.ALLOW, "fcntl", not_the_line, harmless)
    # A limit may be read, not set; glibc reads with the call that also sets.
    rules.add_rule(seccomp.ALLOW, "prlimit64", seccomp.Arg(2, seccomp.EQ, 0))
    # A thread's name, which Torch and OpenBLAS set.
    rules.add_rule(seccomp.ALLOW, "prctl", seccomp.Arg(0, seccomp.EQ, 15))
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()


def _not_the_line(seccomp: object) -> list[object]:
    """Conditions of which every other descriptor fulfils one: a bit that the line's has not."""
    bits = [1 << place for place in (0, 1, 2, 3, 4, 5, 31)]  # below RLIMIT_NOFILE, or negative
    return [seccomp.Arg(0, seccomp.MASKED_EQ, bit, bit & ~LINE & _INT) for bit in bits]


def _allow(seccomp: object, rules: object, name: str, *arguments: object) -> None:
    try:
        rules.add_rule(seccomp.ALLOW, name, *arguments)
    except (OSError, ValueError):
        # Some processors never had the older calls (open, stat, pipe...).
        if seccomp.resolve_syscall(seccomp.Arch.NATIVE, name) >= 0:
            raise
