"""What the benchmarks ask of the operating system."""
import os
import platform
import socket
import subprocess
import time

TICKS = os.sysconf("SC_CLK_TCK")


def wait_for(condition, seconds, what, every=0.05):
    """Polls until `condition` returns something true, which is returned."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds} s (last: {value!r})")
        time.sleep(every)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def resident_mb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    raise ProcessLookupError(pid)


def processor_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def children(pid):
    """All processes below `pid`."""
    found, parents = [], {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", encoding="ascii", errors="replace") as stat:
                parents[int(name)] = int(stat.read().rpartition(")")[2].split()[1])
        except OSError:
            continue
    wanted = [pid]
    while wanted:
        parent = wanted.pop()
        below = [child for child, its in parents.items() if its == parent]
        found += below
        wanted += below
    return found


def description():
    """One line: processor, cores, memory, system."""
    model = platform.machine()
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as info:
        for line in info:
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.release()}"


def commit():
    """The commit of the tree, with + when there are changes on top."""
    def git(*arguments):
        return subprocess.run(["git", *arguments], capture_output=True, text=True, check=False).stdout.strip()
    changed = [line for line in git("status", "--porcelain").splitlines() if not line.endswith("bench/RESULTS.md")]
    return (git("rev-parse", "--short=10", "HEAD") or "unknown") + ("+" if changed else "")


def sync_ms(directory, size=65536, rounds=100):
    """Median of write + fdatasync in milliseconds: what every durable answer waits for."""
    path = os.path.join(directory, "sync-probe")
    times, block = [], os.urandom(size)
    handle = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        os.write(handle, bytes(size * rounds))
        os.fsync(handle)
        for i in range(rounds):
            began = time.perf_counter()
            os.pwrite(handle, block, i * size)
            os.fdatasync(handle)
            times.append(time.perf_counter() - began)
    finally:
        os.close(handle)
        os.unlink(path)
    return sorted(times)[rounds // 2] * 1000
