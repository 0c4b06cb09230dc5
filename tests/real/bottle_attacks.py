"""Run inside a bottle by sandbox_test.c: every way out that we know of, tried.  One line each; the exit code is how
many were open.  Arguments: the project folder, an abstract unix socket of the host's, the host's name."""
import ctypes, errno, fcntl, os, platform, signal, socket, stat, struct, subprocess, sys

project, abstract, host_name = sys.argv[1:4]
libc = ctypes.CDLL(None, use_errno=True)
attacks = []


def attack(call):
    attacks.append(call)
    return call


def syscall(number, *args):
    """0, or the errno."""
    return ctypes.get_errno() if libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, args)) == -1 else 0


def refused(number, *args, by=errno.EPERM):
    got = syscall(number, *args)
    assert got == by, f"call {number}: {errno.errorcode.get(got, got)}"


def fails(call, *errors):
    try:
        call()
    except OSError as error:
        assert error.errno in errors, error
    else:
        raise AssertionError("it worked")


def connect(address, family=socket.AF_INET, kind=socket.SOCK_STREAM):
    s = socket.socket(family, kind)
    s.settimeout(5)
    s.connect(address)
    return s


def child(call):
    """Runs call in a child; 'exit N' or 'signal N'."""
    pid = os.fork()
    if pid == 0:
        try:
            call()
        finally:
            os._exit(0)
    status = os.waitpid(pid, 0)[1]
    return f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"exit {os.WEXITSTATUS(status)}"


# --- the network

@attack
def any_address_on_443_is_the_proxy():
    assert connect(("1.1.1.1", 443)).recv(100) == b"1.1.1.1:443\n"

@attack
def any_address_on_the_proxy_port_is_the_proxy():
    assert connect(("127.0.0.1", 3128)).recv(100) == b"127.0.0.1:3128\n"
    assert connect(("192.0.2.7", 3128)).recv(100) == b"192.0.2.7:3128\n"

@attack
def metadata_address_is_the_proxy():
    assert connect(("169.254.169.254", 80)).recv(100) == b"169.254.169.254:80\n"

@attack
def a_port_a_route_names_is_a_door():
    assert connect(("203.0.113.9", 8443)).recv(100) == b"203.0.113.9:8443\n"

@attack
def an_unlisted_port_is_refused():
    fails(lambda: connect(("1.1.1.1", 22)), errno.ECONNREFUSED)

@attack
def ipv6_leads_nowhere():
    fails(lambda: connect(("2606:4700::1111", 443), socket.AF_INET6), errno.ENETUNREACH, errno.EADDRNOTAVAIL)

@attack
def names_are_asked_inside():
    s = connect(("9.9.9.9", 53), kind=socket.SOCK_DGRAM)
    s.send(b"who")
    assert s.recv(100) == b"9.9.9.9 who"  # a connected socket hears only the address it asked
    assert open("/etc/resolv.conf").read().startswith("nameserver 127.0.0.1\n")

@attack
def there_is_one_interface():
    assert [name for _, name in socket.if_nameindex()] == ["lo"]

@attack
def the_network_cannot_be_changed():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    fails(lambda: fcntl.ioctl(s, 0x8914, struct.pack("16sh14x", b"lo", 0)), errno.EPERM)  # SIOCSIFFLAGS: down
    fails(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1), errno.EPERM)
    fails(lambda: socket.socket().bind(("127.0.0.1", 81)), errno.EACCES)

@attack
def families_that_are_not_namespaced_are_denied():
    for family in (40, 17, 38, 44, 31, 29, 21, 3, 9):  # VSOCK PACKET ALG XDP BLUETOOTH CAN RDS AX25 X25
        fails(lambda: socket.socket(family, socket.SOCK_DGRAM, 0), errno.EAFNOSUPPORT)
    refused(41, (1 << 32) | 40, 1, 0, by=errno.EAFNOSUPPORT)  # the kernel reads 32 bits of it
    fails(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12), errno.EAFNOSUPPORT)  # NETLINK_NETFILTER

@attack
def the_hosts_abstract_sockets_are_not_there():
    fails(lambda: connect("\0" + abstract, socket.AF_UNIX), errno.ECONNREFUSED)


# --- the kernel

@attack
def wide_doors_of_the_kernel_are_shut():
    for number in (425, 426, 427, 321, 323, 298, 250, 248, 249, 308):  # io_uring, bpf, userfaultfd, perf, keys, setns
        refused(number, 0, 0, 0, 0, 0)
    for number in (165, 166, 155, 161, 430, 428, 429, 442, 467):  # mounts
        refused(number, 0, 0, 0, 0, 0)
    for number in (304, 246, 320, 175, 313, 176, 169, 103):  # file handles, kexec, modules, reboot, the kernel's log
        refused(number, 0, 0, 0, 0, 0)
    refused(435, 0, 0, by=errno.ENOSYS)  # clone3
    refused(437, 0, 0, 0, 0, by=errno.ENOSYS)  # openat2

@attack
def namespaces_cannot_be_made():
    for flag in (0x10000000, 0x40000000, 0x20000, 0x20000000, 0x8000000, 0x4000000, 0x2000000, 0x80):
        refused(272, flag)
        refused(272, flag | 1 << 40)
    refused(56, 0x10000000 | signal.SIGCHLD, 0, 0, 0, 0)

@attack
def other_architectures_die():
    assert child(lambda: syscall(0x40000000 | 39)) == "signal 31"  # getpid() of x32

@attack
def keys_cannot_be_typed_into_a_terminal():
    master, slave = os.openpty()
    for request in (0x5412, 0x541C, 0x5423):
        fails(lambda: fcntl.ioctl(slave, request, b"x"), errno.EPERM)
        refused(16, slave, request | 1 << 32, 0)
    os.close(master), os.close(slave)

@attack
def there_are_no_privileges():
    status = dict(line.split(":\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\t" in line)
    assert {status[k] for k in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}, status
    assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2", status
    status = open("/proc/1/status").read()
    assert "CapEff:\t" + "0" * 16 in status and "Seccomp:\t2" in status and "NoNewPrivs:\t1" in status, status
    assert os.getresuid() == (1000,) * 3 and os.getresgid() == (1000,) * 3
    assert open("/proc/self/limits").read().split("Max core file size")[1].split()[0] == "0"

@attack
def set_user_id_gains_nothing():
    for line in open("/proc/self/mountinfo"):
        assert "nosuid" in line.split()[5].split(","), line
    assert subprocess.run(["/usr/bin/su", "-c", "id"], stdin=subprocess.DEVNULL, capture_output=True).returncode != 0

@attack
def no_set_user_id_file_is_left_in_the_project():
    path = project + "/suid"
    open(path, "w").close()
    where = ctypes.create_string_buffer(path.encode())
    try:
        for bit in (stat.S_ISUID, stat.S_ISGID):
            fails(lambda: os.chmod(path, 0o755 | bit), errno.EPERM)
            fails(lambda: os.open(project + "/suid2", os.O_CREAT | os.O_WRONLY, 0o755 | bit), errno.EPERM)
            fails(lambda: os.open(project, os.O_TMPFILE | os.O_WRONLY, 0o755 | bit), errno.EPERM)
            fails(lambda: os.mknod(project + "/suid3", stat.S_IFREG | 0o755 | bit), errno.EPERM)
            with open(path) as f:
                fails(lambda: os.fchmod(f.fileno(), 0o755 | bit), errno.EPERM)
            refused(452, -100, ctypes.addressof(where), 0o755 | bit, 0)  # fchmodat2
        os.chmod(path, 0o755)
        fails(lambda: os.mknod(project + "/disk", stat.S_IFBLK | 0o600, os.makedev(254, 0)), errno.EPERM)
    finally:
        os.remove(path)


# --- files

@attack
def the_hosts_folders_are_not_there():
    own = {os.environ["HOME"], "/var/tmp", "/run/attacks.py", project}
    for folder in ("/root", "/home", "/run", "/var", "/tmp", "/mnt", "/srv", "/media", "/work", "/boot", "/sys"):
        for name in os.listdir(folder) if os.path.isdir(folder) else ():
            path = f"{folder}/{name}"
            assert any(known == path or known.startswith(path + "/") for known in own), path
    for path in ("/var/run/docker.sock", "/run/docker.sock", "/root/.ssh", "/etc/shadow", "/etc/npmrc", "/etc/pip.conf",
                 "/etc/gitconfig", "/etc/ssl/private"):
        assert not os.path.exists(path), path

@attack
def the_system_is_read_only():
    for path in ("/usr/x", "/etc/x", "/x", "/etc/ssl/certs/x", "/var/x", "/home/x"):
        fails(lambda: open(path, "w"), errno.EROFS, errno.EACCES)
    for path in ("/etc/resolv.conf", "/etc/passwd", "/run/attacks.py"):
        fails(lambda: open(path, "a"), errno.EROFS, errno.EACCES)
        fails(lambda: os.rename(path, path + "2"), errno.EROFS, errno.EBUSY)
        fails(lambda: os.remove(path), errno.EROFS, errno.EBUSY)

@attack
def kernel_settings_are_read_only():
    for path in ("/proc/sys/kernel/hostname", "/proc/sys/net/ipv4/ip_forward", "/proc/sys/kernel/core_pattern",
                 "/proc/sysrq-trigger", "/proc/sys/net/ipv4/ip_unprivileged_port_start",
                 "/proc/sys/user/max_user_namespaces"):
        fails(lambda: open(path, "w"), errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT)
    assert not os.path.exists("/sys/class/net")

@attack
def devices_are_the_harmless_ones():
    known = {"console", "core", "fd", "full", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout",
             "tty", "urandom", "zero"}
    assert set(os.listdir("/dev")) <= known, os.listdir("/dev")

@attack
def nothing_is_inherited():
    here = os.open("/proc/self/fd", os.O_RDONLY)
    extra = {n: os.readlink(f"/proc/self/fd/{n}") for n in os.listdir(here) if os.path.exists(f"/proc/self/fd/{n}")}
    extra = {n: path for n, path in extra.items() if n not in ("0", "1", "2", str(here))}
    assert not extra, extra
    for name in ("/proc/1/fd", f"/proc/{os.getppid()}/fd"):
        try:
            open_there = [os.readlink(f"{name}/{n}") for n in os.listdir(name)]
        except PermissionError:
            continue
        assert not any("socket:" in x or "bottle" in x or "filter" in x for x in open_there), open_there

@attack
def the_hosts_processes_are_not_there():
    pids = [int(n) for n in os.listdir("/proc") if n.isdigit()]
    assert len(pids) < 6 and max(pids) < 200, pids
    fails(lambda: os.kill(os.getpid() + 100000, 0), errno.ESRCH)
    assert os.getsid(0) == os.getpid(), "a session of its own: kill(0) stays inside"
    assert platform.node() == "bottle" != host_name

@attack
def scratch_folders_work():
    for folder in ("/tmp", "/run", "/var/tmp", "/dev/shm", os.environ["HOME"]):
        with open(folder + "/scratch", "w") as f:
            f.write("x")
        os.remove(folder + "/scratch")

@attack
def the_project_folder_is_ours():
    assert os.getcwd() == project
    with open("made-inside", "w") as f:
        f.write("hello")
    assert os.stat("made-inside").st_uid == os.stat(".").st_uid == 1000
    assert open("made-outside").read() == "outside\n"
    open("made-outside", "a").close()


bad = 0
for call in attacks:
    try:
        call()
        print("shut", call.__name__)
    except BaseException as error:
        bad += 1
        print("OPEN", call.__name__, type(error).__name__, error)
print(len(attacks), "attacks,", bad, "open")
sys.exit(bad)
