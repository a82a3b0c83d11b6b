"""Starting, finding and ending processes, always by pid and always cleaned up."""
import ctypes
import os
import signal
import subprocess
import threading
import time

_libc = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


def die_with_parent():
    """For preexec_fn: the child does not outlive a test that is killed."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def wait_until(condition, seconds, what, interval=0.05):
    """Returns condition()'s first true value; AssertionError naming `what` after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"did not happen within {seconds:g} s: {what}")
        time.sleep(interval)


class Process:
    """One program of ours in the background; its output goes to a log file."""

    def __init__(self, argv, log_path, env=None, program=None):
        self.argv, self.log_path = argv, log_path
        with open(log_path, "ab") as log:
            log.write(f"--- {' '.join(argv)}\n".encode())
            log.flush()
            self._popen = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                           env=env, preexec_fn=die_with_parent)
        # Where a wrapper (nsenter) runs the program, this is its name; signals go to it.
        self._program = program

    def running(self):
        return self._popen.poll() is None

    def pid(self):
        if self._program is None:
            return self._popen.pid
        return wait_until(lambda: _descendant(self._popen.pid, self._program), 10,
                          f"{self._program} runs below {self._popen.pid}")

    def signal(self, number):
        os.kill(self.pid(), number)

    def kill(self):
        """SIGKILL, and waits for the end."""
        if self.running():
            self.signal(signal.SIGKILL)
        self._popen.wait(timeout=10)

    def stop(self, seconds=10):
        """SIGTERM, SIGKILL when that does not help; quiet when it is gone already."""
        if not self.running():
            return
        try:
            self.signal(signal.SIGTERM)
            self._popen.wait(timeout=seconds)
        except (AssertionError, subprocess.TimeoutExpired, ProcessLookupError):
            target = _descendant(self._popen.pid, self._program) if self._program else None
            for pid in filter(None, (target, self._popen.pid)):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self._popen.wait(timeout=10)

    def log_tail(self, lines=15):
        with open(self.log_path, errors="replace") as log:
            return "".join(log.readlines()[-lines:])


def _children(pid):
    found = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as children:
                found += [int(word) for word in children.read().split()]
    except (FileNotFoundError, ProcessLookupError):
        pass
    return found


def _descendant(pid, program):
    """`pid` itself or a process below it that runs `program`."""
    if os.path.basename((argv_of(pid) or [""])[0]) == program:
        return pid
    return next(filter(None, (_descendant(child, program) for child in _children(pid))), None)


def argv_of(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as cmdline:
            return [word.decode(errors="replace") for word in cmdline.read().split(b"\0")[:-1]]
    except (FileNotFoundError, ProcessLookupError):
        return []


def start_ticks(pid):
    """Field 22 of /proc/PID/stat: with the pid, names a process for good."""
    with open(f"/proc/{pid}/stat") as stat:
        return int(stat.read().rsplit(")", 1)[1].split()[19])


def api_servers(marker):
    """(start, pid) of the kube-apiserver processes with `marker` in their arguments, oldest first."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        argv = argv_of(name)
        if argv and os.path.basename(argv[0]) == "kube-apiserver" and marker in argv:
            try:
                found.append((start_ticks(name), int(name)))
            except (FileNotFoundError, ProcessLookupError):
                pass
    return sorted(found)


def run(argv, check=True, timeout=120, env=None, **more):
    """Runs to the end; a failure shows what it said."""
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=timeout, env=env, **more)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(argv)} exited {done.returncode}:\n{done.stdout}{done.stderr}")
    return done


class Background(threading.Thread):
    """Calls `tick` every `interval` seconds until stop()."""

    def __init__(self, interval):
        super().__init__(daemon=True)
        self._interval, self._stop_asked = interval, threading.Event()

    def tick(self):
        raise NotImplementedError

    def run(self):
        while not self._stop_asked.is_set():
            began = time.monotonic()
            self.tick()
            self._stop_asked.wait(max(0.0, self._interval - (time.monotonic() - began)))

    def stop(self):
        self._stop_asked.set()
        self.join(timeout=10)
