"""A small Linux root file system out of this machine's own programs: busybox and sshd, as a tar or an initramfs."""

from __future__ import annotations

import gzip
import io
import re
import stat
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

from tests.lab.needs import program

SSHD_CONFIG = """\
PermitRootLogin prohibit-password
PasswordAuthentication no
UsePAM no
UseDNS no
PidFile none
Subsystem sftp internal-sftp
"""
FOLDERS = ("bin", "sbin", "etc/ssh", "proc", "sys", "dev", "run/sshd", "usr/bin", "usr/sbin", "var/empty", "var/log")
USERS = "root:x:0:0:root:/root:/bin/sh\nsshd:x:100:65534::/run/sshd:/bin/false\n"
GROUPS = "root:x:0:\nnogroup:x:65534:\n"
SHADOW = "root:*:19000:0:99999:7:::\nsshd:*:19000:0:99999:7:::\n"  # `*`, not `!`: sshd refuses locked accounts


@dataclass(frozen=True)
class Entry:
    mode: int
    data: bytes = b""


class RootFs:
    """Paths without a leading slash. Parents are made as needed."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}

    def folder(self, path: str, mode: int = 0o755) -> None:
        parent = ""
        for part in path.split("/"):
            parent = f"{parent}/{part}" if parent else part
            self.entries.setdefault(parent, Entry(stat.S_IFDIR | 0o755))
        self.entries[path] = Entry(stat.S_IFDIR | mode)

    def file(self, path: str, data: bytes | str, mode: int = 0o644) -> None:
        if "/" in path and path.rpartition("/")[0] not in self.entries:
            self.folder(path.rpartition("/")[0])
        self.entries[path] = Entry(stat.S_IFREG | mode, data.encode() if isinstance(data, str) else data)

    def link(self, path: str, target: str) -> None:
        self.entries.setdefault(path, Entry(stat.S_IFLNK | 0o777, target.encode()))

    def program(self, source: str) -> None:
        """A program of this machine with the libraries it needs."""
        self.file(source.lstrip("/"), Path(source).read_bytes(), 0o755)
        listed = subprocess.run(["ldd", source], capture_output=True, text=True, check=False).stdout
        for library in re.findall(r"(/\S+\.so\S*)", listed):
            if library.lstrip("/") not in self.entries:
                self.file(library.lstrip("/"), Path(library).read_bytes(), 0o755)

    def tar(self) -> bytes:
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as archive:
            for path, entry in self.entries.items():
                info = tarfile.TarInfo(path)
                info.mode = stat.S_IMODE(entry.mode)
                info.type = {stat.S_IFDIR: tarfile.DIRTYPE, stat.S_IFLNK: tarfile.SYMTYPE}.get(
                    stat.S_IFMT(entry.mode), tarfile.REGTYPE
                )
                if info.issym():
                    info.linkname = entry.data.decode()
                    archive.addfile(info)
                else:
                    info.size = len(entry.data)
                    archive.addfile(info, io.BytesIO(entry.data))
        return out.getvalue()

    def initramfs(self) -> bytes:
        """A compressed cpio archive in the kernel's format (newc)."""
        out = io.BytesIO()
        with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=1) as packed:
            for inode, (path, entry) in enumerate([*self.entries.items(), ("TRAILER!!!", Entry(0))], start=1):
                packed.write(_cpio(inode, path, entry))
        return out.getvalue()


def _cpio(inode: int, path: str, entry: Entry) -> bytes:
    name = path.encode() + b"\0"
    fields = (inode, entry.mode, 0, 0, 1, 0, len(entry.data), 0, 0, 0, 0, len(name), 0)
    head = b"070701" + b"".join(b"%08x" % field for field in fields) + name
    return head + b"\0" * (-len(head) % 4) + entry.data + b"\0" * (-len(entry.data) % 4)


def ssh_rootfs(public_key: str) -> RootFs:
    """Busybox with all its applets, sshd that lets `root` in by that key, and ssh-keygen for host keys."""
    tree = RootFs()
    for folder in FOLDERS:
        tree.folder(folder)
    tree.folder("tmp", 0o1777)
    tree.folder("root/.ssh", 0o700)
    tree.folder("root", 0o700)
    busybox = program("busybox")
    tree.file("bin/busybox", Path(busybox).read_bytes(), 0o755)
    for applet in subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split():
        tree.link(f"bin/{applet}", "busybox")
    for name in ("sshd", "ssh-keygen"):
        tree.program(program(name))
    tree.file("etc/passwd", USERS)
    tree.file("etc/group", GROUPS)
    tree.file("etc/shadow", SHADOW, 0o600)
    tree.file("etc/ssh/sshd_config", SSHD_CONFIG)
    tree.file("root/.ssh/authorized_keys", public_key.strip() + "\n", 0o600)
    return tree
