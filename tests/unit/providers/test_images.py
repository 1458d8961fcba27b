"""Which images are shown when nobody asked for any."""

from __future__ import annotations

from mistserver.domain.catalog import Image
from mistserver.providers.images import newest_long_term, shown


def newest(*names: str) -> list[str]:
    return newest_long_term((name, name) for name in names)


def test_the_two_newest_long_term_versions_of_each_distribution_are_kept() -> None:
    assert newest("Debian 11", "Debian 12 (bookworm)", "debian-13-x64", "Ubuntu 22.04 LTS", "Ubuntu 24.04 x64") == [
        "Debian 12 (bookworm)",
        "debian-13-x64",
        "Ubuntu 22.04 LTS",
        "Ubuntu 24.04 x64",
    ]


def test_every_spelling_of_ubuntus_versions_is_read() -> None:
    names = ("ubuntu-2404-lts", "Ubuntu 26.04", "ubuntu_22_04", "ubuntu-20-04-x64", "Canonical Ubuntu Server 18.04")
    assert newest(*names) == ["ubuntu-2404-lts", "Ubuntu 26.04"]


def test_versions_between_are_left_out() -> None:
    assert newest("Ubuntu 25.04", "Ubuntu 25.10", "Ubuntu 24.04") == ["Ubuntu 24.04"]


def test_where_only_old_ones_are_offered_the_newest_of_them_count() -> None:
    assert newest("Ubuntu 10.04", "Ubuntu 12.04", "Ubuntu 8.04", "CentOS 5") == [
        "Ubuntu 10.04",
        "Ubuntu 12.04",
        "CentOS 5",
    ]


def test_everything_counts_when_no_name_says_what_it_is() -> None:
    assert newest("golden", "cirros") == ["golden", "cirros"]


def test_other_images_beside_known_ones_are_left_out() -> None:
    assert newest("WordPress on Debian", "AlmaLinux 9", "Rocky Linux 8.10", "openSUSE Leap 15.6", "Fedora 42") == [
        "AlmaLinux 9",
        "Rocky Linux 8.10",
        "openSUSE Leap 15.6",
        "Fedora 42",
    ]


def test_own_images_belong_to_the_default_set_and_to_every_search() -> None:
    own = [Image(id="snap-1", name="mine")]
    offered = [Image(id="1", name="Debian 12"), Image(id="2", name="Debian 9"), Image(id="3", name="Debian 13")]
    assert [(image.id, image.star) for image in shown(offered, None, own)] == [
        ("snap-1", True),
        ("1", True),
        ("3", True),
    ]
    assert len(shown(offered, "ALL", own)) == 4
    assert [image.id for image in shown(offered, "MIN", own)] == ["snap-1"]
    assert [image.id for image in shown(offered, "debian", own)] == ["1", "2", "3"]
