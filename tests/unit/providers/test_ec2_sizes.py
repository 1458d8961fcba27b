"""EC2's sizes have the prices of their region, where they are known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest

from mistserver.providers.ec2 import catalog
from mistserver.providers.ec2.api import Api

pytest.importorskip("libcloud", reason="apache-libcloud is not installed: make install")


class Types:
    """What `DescribeInstanceTypes` answers, as far as it matters."""

    def pages(self, operation: str, key: str) -> Iterator[dict[str, Any]]:
        assert (operation, key) == ("describe_instance_types", "InstanceTypes")
        for name in ("t3.large", "t3.micro", "z99.metal"):
            yield {"InstanceType": name, "VCpuInfo": {"DefaultVCpus": 2}, "MemoryInfo": {"SizeInMiB": 1024}}


def test_prices_are_those_of_the_region() -> None:
    found = {
        region: {size.id: size for size in catalog.sizes(cast(Api, Types()), region)}
        for region in ("us-east-1", "sa-east-1", "cn-north-1")
    }
    micro = found["us-east-1"]["t3.micro"]
    assert (micro.price, micro.currency) == (0.0104, "USD")
    assert micro.price_date is not None
    assert (found["sa-east-1"]["t3.micro"].price or 0) > micro.price
    assert found["us-east-1"]["z99.metal"].price is None
    assert {size.price for size in found["cn-north-1"].values()} == {None}
