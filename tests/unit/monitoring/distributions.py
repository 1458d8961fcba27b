"""Distributions as recording fakes: what their package managers are asked, and what they answer.

A fake is a shell fragment by the name of its program; it has the program's arguments, `$ROOT`, and `put`, which makes
collectd and its plugins appear.
"""

from __future__ import annotations

from dataclasses import dataclass, field

PLUGINS = "cpu df disk entropy interface load memory processes swap uptime users logfile write_http"
_APT = """
case "$*" in
  *update*) touch "$ROOT/updated" ;;
  "install -s "*libpython3.11*) echo "Inst {python} (3.11.2-6 Debian:12/stable [amd64])" ;;
  "install "*libpython3.11*) touch "$ROOT/has-python" ;;
  "install -s "*)
    echo "Inst libyajl2 (2.1.0-3 Debian:12/stable [amd64])"
    echo "Inst {curl} [1.0] (1.1 Debian:12/stable [amd64])"
    echo "Inst collectd-core (5.12.0-14 Debian:12/stable [amd64])"
    echo "Conf collectd-core (5.12.0-14 Debian:12/stable [amd64])" ;;
  "install "*) put usr/lib/collectd; touch "$ROOT/usr/lib/collectd/python.so" ;;
esac
"""
_LDD = """
case "$1" in
  */python.so) [ -e "$ROOT/has-python" ] || echo "	libpython3.11.so.1.0 => not found" ;;
esac
"""
_POLICY = 'case "$2" in {known}) echo "  Candidate: 5.12.0-14" ;; *) echo "  Candidate: (none)" ;; esac'
_RPM = 'case "$*" in -qa*) cat "$ROOT/rpms" ;; -q*) grep -qx "$2" "$ROOT/rpms" ;; esac'
_DNF = """
case "$*" in
  *"list collectd") {listed} ;;
  *"install epel-release") echo epel-release >> "$ROOT/rpms" ;;
  *"install collectd collectd-write_http") put usr/lib64/collectd
    printf '%s\\n' collectd collectd-write_http yajl >> "$ROOT/rpms" ;;
  *"install collectd-disk") echo collectd-disk >> "$ROOT/rpms" ;;
  *"install collectd-python") touch "$ROOT/usr/lib64/collectd/python.so"
    printf '%s\\n' collectd-python python3-libs >> "$ROOT/rpms" ;;
esac
"""
_ZYPPER = """
case "$*" in
  *search*) exit {found} ;;
  *python3) touch "$ROOT/usr/lib64/collectd/python.so"; echo collectd-plugin-python3 >> "$ROOT/rpms" ;;
  *install*) put usr/lib64/collectd
    printf '%s\\n' collectd libyajl2 >> "$ROOT/rpms" ;;
esac
"""
_APK = """
case "$*" in
  search*) echo collectd-write_http ;;
  info*) cat "$ROOT/apks" ;;
  "add -q collectd-python") touch "$ROOT/usr/lib/collectd/python.so"
    printf '%s\\n' collectd-python python3 >> "$ROOT/apks" ;;
  add*) put usr/lib/collectd
    printf '%s\\n' collectd collectd-disk collectd-libs collectd-write_http libcurl yajl >> "$ROOT/apks" ;;
esac
"""
_SYSTEMD = {"systemctl": ""}
_OPENRC = {"openrc-run": "", "rc-update": "", "rc-service": 'case "$*" in *restart) live ;; esac'}


@dataclass(frozen=True)
class Distribution:
    """`asked` is every call of a fake in its order, `recorded` the packages that are noted as the agent's own.

    `python` and `python_recorded` are the same for what custom metrics need besides.
    """

    name: str
    fakes: dict[str, str]
    asked: str
    recorded: tuple[str, ...]
    python: str = field(default="", kw_only=True)
    python_recorded: tuple[str, ...] = field(default=(), kw_only=True)
    init: str  # "systemd", "openrc" or "none"
    files: dict[str, str] = field(default_factory=dict)
    exit_code: int = 0


def _apt_install(curl: str) -> str:
    """The rehearsal, and the installation."""
    return _apt_add(f"collectd-core {curl} libmnl0 libyajl2")


def _apt_python(library: str) -> str:
    """Looked for under its name of old and of today, before and after the package sources were read."""
    looked = "".join(f"apt-cache policy {name}\n" for name in sorted({library.removesuffix("t64"), library}))
    return f"{looked}{looked}{_apt_add(library)}"


def _apt_add(names: str) -> str:
    told = f"-y -qq --no-upgrade --no-remove --no-install-recommends {names}\n"
    return f"apt-get install -s {told}apt-get install {told}"


_SYSTEMD_ASKED = """\
systemctl -q disable --now collectd
collectd -t -C DIR/collectd.conf.fit
systemctl daemon-reload
systemctl -q enable mist-collectd
systemctl restart mist-collectd
"""
_SYSTEMD_CHANGED = """\
collectd -t -C DIR/collectd.conf.new
systemctl restart mist-collectd
systemctl -q is-active mist-collectd
"""
_DNF_PYTHON = """\
rpm -qa --qf %{NAME}\\n
dnf -y -q install collectd-python
rpm -qa --qf %{NAME}\\n
"""
_DNF_INSTALL = """\
rpm -qa --qf %{NAME}\\n
dnf -y -q install collectd collectd-write_http
rpm -qa --qf %{NAME}\\n
rpm -qa --qf %{NAME}\\n
dnf -y -q install collectd-disk
rpm -qa --qf %{NAME}\\n
"""

DISTRIBUTIONS = (
    Distribution(
        name="Debian 12",
        fakes={
            "apt-get": _APT.format(curl="libcurl3-gnutls", python="libpython3.11"),
            "apt-cache": _POLICY.format(known="collectd-core|libcurl3-gnutls|libpython3.11"),
            "ldd": _LDD,
            **_SYSTEMD,
        },
        asked="""\
apt-cache policy collectd-core
apt-cache policy collectd-core
apt-cache policy libcurl3t64-gnutls
"""
        + _apt_install("libcurl3-gnutls")
        + _SYSTEMD_ASKED,
        recorded=("libyajl2", "collectd-core"),
        python=_apt_python("libpython3.11") + _SYSTEMD_CHANGED,
        python_recorded=("libpython3.11",),
        init="systemd",
    ),
    Distribution(
        name="Ubuntu 24.04",
        fakes={
            "apt-get": _APT.format(curl="libcurl3t64-gnutls", python="libpython3.11t64"),
            "apt-cache": '[ -e "$ROOT/updated" ] || exit 0\n'
            + _POLICY.format(known="collectd-core|libcurl3t64-gnutls|libcurl3-gnutls|libpython3.11t64"),
            "ldd": _LDD,
            **_SYSTEMD,
        },
        asked="""\
apt-cache policy collectd-core
apt-get update -qq
apt-cache policy collectd-core
apt-cache policy libcurl3t64-gnutls
"""
        + _apt_install("libcurl3t64-gnutls")
        + _SYSTEMD_ASKED,
        recorded=("libyajl2", "collectd-core"),
        python=_apt_python("libpython3.11t64") + _SYSTEMD_CHANGED,
        python_recorded=("libpython3.11t64",),
        init="systemd",
    ),
    Distribution(
        name="Debian in a container",
        fakes={
            "apt-get": _APT.format(curl="libcurl3-gnutls", python="libpython3.11"),
            "apt-cache": _POLICY.format(known="collectd-core|libcurl3-gnutls|libpython3.11"),
            "ldd": _LDD,
        },
        asked="""\
apt-cache policy collectd-core
apt-cache policy collectd-core
apt-cache policy libcurl3t64-gnutls
"""
        + _apt_install("libcurl3-gnutls")
        + """\
collectd -t -C DIR/collectd.conf.fit
collectd -C DIR/collectd.conf
""",
        recorded=("libyajl2", "collectd-core"),
        python=_apt_python("libpython3.11") + "collectd -t -C DIR/collectd.conf.new\ncollectd -C DIR/collectd.conf\n",
        python_recorded=("libpython3.11",),
        init="none",
    ),
    Distribution(
        name="Debian without the section that has it",
        fakes={
            "apt-get": _APT.format(curl="libcurl3-gnutls", python="libpython3.11"),
            "apt-cache": _POLICY.format(known="other"),
            **_SYSTEMD,
        },
        asked="""\
apt-cache policy collectd-core
apt-get update -qq
apt-cache policy collectd-core
""",
        recorded=(),
        init="systemd",
        exit_code=65,
    ),
    Distribution(
        name="Fedora",
        fakes={"dnf": _DNF.format(listed=":"), "rpm": _RPM, **_SYSTEMD},
        asked="dnf -q makecache\ndnf -q list collectd\n" + _DNF_INSTALL + _SYSTEMD_ASKED,
        recorded=("collectd", "collectd-write_http", "yajl", "collectd-disk"),
        python=_DNF_PYTHON + _SYSTEMD_CHANGED,
        python_recorded=("collectd-python", "python3-libs"),
        init="systemd",
        files={"etc/fedora-release": "Fedora\n", "rpms": "bash\n"},
    ),
    Distribution(
        name="Rocky Linux 9 with EPEL",
        fakes={"dnf": _DNF.format(listed='grep -qx epel-release "$ROOT/rpms"'), "rpm": _RPM, **_SYSTEMD},
        asked="""\
dnf -q makecache
dnf -q list collectd
rpm -qa --qf %{NAME}\\n
dnf -y -q install epel-release
rpm -qa --qf %{NAME}\\n
dnf -q list collectd
"""
        + _DNF_INSTALL
        + _SYSTEMD_ASKED,
        recorded=("epel-release", "collectd", "collectd-write_http", "yajl", "collectd-disk"),
        python=_DNF_PYTHON + _SYSTEMD_CHANGED,
        python_recorded=("collectd-python", "python3-libs"),
        init="systemd",
        files={"rpms": "bash\n"},
    ),
    Distribution(
        name="openSUSE Tumbleweed",
        fakes={"zypper": _ZYPPER.format(found=0), "rpm": _RPM, **_SYSTEMD},
        asked="""\
zypper -n -q search -x -t package collectd
rpm -qa --qf %{NAME}\\n
zypper -n -q install --no-recommends collectd
rpm -qa --qf %{NAME}\\n
"""
        + _SYSTEMD_ASKED,
        recorded=("collectd", "libyajl2"),
        python="""\
rpm -qa --qf %{NAME}\\n
zypper -n -q install --no-recommends collectd-plugin-python3
rpm -qa --qf %{NAME}\\n
"""
        + _SYSTEMD_CHANGED,
        python_recorded=("collectd-plugin-python3",),
        init="systemd",
        files={"rpms": "bash\n"},
    ),
    Distribution(
        name="openSUSE Leap",
        fakes={"zypper": _ZYPPER.format(found=104), "rpm": _RPM, **_SYSTEMD},
        asked="zypper -n -q search -x -t package collectd\n",
        recorded=(),
        init="systemd",
        files={"rpms": "bash\n"},
        exit_code=65,
    ),
    Distribution(
        name="Alpine",
        fakes={"apk": _APK, **_OPENRC},
        asked="""\
apk update -q
apk search -q -x collectd-write_http
apk info -q
apk add -q collectd collectd-write_http collectd-disk
apk info -q
collectd -t -C DIR/collectd.conf.fit
rc-update -q add mist-collectd default
rc-service -q mist-collectd restart
""",
        recorded=("collectd", "collectd-disk", "collectd-libs", "collectd-write_http"),
        python="""\
apk info -q
apk add -q collectd-python
apk info -q
collectd -t -C DIR/collectd.conf.new
rc-service -q mist-collectd restart
""",
        python_recorded=("collectd-python",),
        init="openrc",
        files={"apks": "busybox\n"},
    ),
    Distribution(
        name="Arch Linux",
        fakes={"pacman": "", **_SYSTEMD},
        asked="",
        recorded=(),
        init="systemd",
        exit_code=65,
    ),
)
