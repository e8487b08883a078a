"""Which addresses a request may reach."""

from ipaddress import ip_address

import pytest

from crossdock.outbound.guard import Guard, Refusal, Route, internal


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.9.1", "::1", "0.0.0.0", "::", "10.0.0.1", "172.16.3.4", "192.168.1.1", "100.64.0.1",
        "100.100.100.200", "169.254.169.254", "fe80::1", "fd00:ec2::254", "fc00::1", "224.0.0.1", "ff02::1",
        "255.255.255.255", "240.0.0.1", "192.0.2.1", "198.18.0.1", "168.63.129.16",
        "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "2002:7f00:1::", "2002:a9fe:a9fe::1",
    ],
)  # fmt: skip
def test_internal_addresses_are_told_by_any_spelling(address: str) -> None:
    assert internal(ip_address(address)) is not None


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_addresses_pass(address: str) -> None:
    assert internal(ip_address(address)) is None


def resolver(*answers: list[str]):
    left = list(answers)

    async def resolve(host: str, port: int) -> list[str]:
        return left.pop(0) if len(left) > 1 else left[0]

    return resolve


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://0x7f.1/", "http://2130706433/", "http://127.1:8080/", "http://①②⑦.0.0.1/",
        "http://[::1]/", "http://[::ffff:10.0.0.1]/", "http://169.254.169.254/latest/meta-data/", "http:///127.0.0.1/",
        "file:///etc/passwd", "gopher://x/", "http://", "http://user:pw@example.com/", "not a url",
    ],
)  # fmt: skip
async def test_refuses_urls_that_lead_inside(url: str) -> None:
    assert isinstance(await Guard(resolver=resolver(["93.184.216.34"])).route(url), Refusal)


async def test_one_internal_address_among_public_ones_refuses_the_host() -> None:
    refusal = await Guard(resolver=resolver(["93.184.216.34", "10.0.0.7"])).route("https://shop.example/")
    assert isinstance(refusal, Refusal)
    assert "10.0.0.7" in refusal.detail
    assert not refusal.temporary


async def test_a_judged_host_is_pinned_to_the_addresses_that_were_judged() -> None:
    guard = Guard(resolver=resolver(["93.184.216.34"], ["127.0.0.1"]))
    assert await guard.route("https://shop.example/x") == Route(
        "https://shop.example", "shop.example", 443, ("93.184.216.34",)
    )
    assert isinstance(await guard.route("https://shop.example/x"), Refusal)  # its second answer is judged again


async def test_a_name_that_does_not_resolve_may_later() -> None:
    async def nowhere(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    refusal = await Guard(resolver=nowhere).route("https://nowhere.example/")
    assert isinstance(refusal, Refusal)
    assert refusal.temporary


async def test_only_the_exact_listed_origin_is_exempt() -> None:
    guard = Guard(["http://127.0.0.1:9001/"])
    assert isinstance(await guard.route("http://127.0.0.1:9001/erp"), Route)
    assert isinstance(await guard.route("http://127.0.0.1:9002/erp"), Refusal)
    assert isinstance(await guard.route("https://127.0.0.1:9001/erp"), Refusal)
