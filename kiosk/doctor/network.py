"""The way out: an address, a route, the name of the district, the strength of the Wi-Fi."""

import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from kiosk.doctor.finding import Finding, Result, joined
from kiosk.doctor.round import Patient

# Below -67 dBm a line breaks now and then, below -80 it hardly holds (the usual planning figures of Wi-Fi).
_WEAK_DBM, _LOST_DBM = -67.0, -80.0
_UP = 0x1  # RTF_UP in /proc/net/route
_CABLE = (
    "Plug the network cable in, or choose the Wi-Fi (sudo nmtui); see whether the school's router is on."
    " The gate records without it all the same."
)


@dataclass(frozen=True)
class Way:
    """addresses: ours, without the machine's own loop; routes: the devices of default routes; wifi: dBm by device."""

    addresses: tuple[str, ...]
    routes: tuple[str, ...]
    wifi: dict[str, float]


def check(patient: Patient) -> Iterator[Finding]:
    """Whether anything can be reached."""
    url = patient.config.district.url
    way = read_way(patient.root)
    parts = [judge_way(way, needed=bool(url)), *(judge_wifi(device, dbm) for device, dbm in way.wifi.items())]
    host = urlsplit(url).hostname or ""
    if host and not _is_address(host):
        parts.append(judge_name(host, _look_up(host)))
    yield joined("network", *parts)


def judge_way(way: Way, *, needed: bool) -> Finding:
    """An address and a way out. needed: whether there is a district to be reached."""
    figures = {"addresses": " ".join(way.addresses), "default_route": " ".join(way.routes)}
    wrong = Result.WRONG if needed else Result.DOUBTFUL
    if not way.addresses:
        return Finding("network", wrong, "no address: no cable and no Wi-Fi", _CABLE, figures)
    here = ", ".join(way.addresses[:2])
    if not way.routes:
        advice = "The router gives no way out: start it anew, or ask who looks after the school's network."
        return Finding("network", wrong, f"{here}, but no way out of this network", advice, figures)
    return Finding("network", Result.OK, f"{here} by {way.routes[0]}", figures=figures)


def judge_wifi(device: str, dbm: float) -> Finding:
    """How strong the Wi-Fi is."""
    figures = {f"{device}_dbm": dbm}
    advice = "Bring the gate and the access point nearer to each other, or lay a cable."
    if dbm < _LOST_DBM:
        return Finding("network", Result.WRONG, f"Wi-Fi hardly there ({dbm:.0f} dBm)", advice, figures)
    if dbm < _WEAK_DBM:
        return Finding("network", Result.DOUBTFUL, f"Wi-Fi weak ({dbm:.0f} dBm)", advice, figures)
    return Finding("network", Result.OK, f"Wi-Fi good ({dbm:.0f} dBm)", figures=figures)


def judge_name(host: str, address: str | None) -> Finding:
    """Whether the district's name leads to an address."""
    figures = {"district_address": address}
    if address is None:
        advice = "See whether the router reaches the internet; then whether [district] url in gerbang.toml is right."
        return Finding("network", Result.WRONG, f"nobody knows the name {host}", advice, figures)
    return Finding("network", Result.OK, f"{host} is known", figures=figures)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _look_up(host: str) -> str | None:
    try:
        return str(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0])
    except (OSError, UnicodeError):
        return None


def read_way(root: Path) -> Way:
    """What the kernel tells in /proc/net."""
    net = root / "proc/net"
    four = re.findall(r"\|-- (\S+)\n\s+/32 host LOCAL", _text(net / "fib_trie"))
    six = [str(ip_address(bytes.fromhex(line.split()[0]))) for line in _text(net / "if_inet6").splitlines()]
    found = dict.fromkeys(address for address in (*four, *six) if _leads_out(address))
    wireless = (line.split() for line in _text(net / "wireless").splitlines()[2:])
    return Way(tuple(found), _routes(net), {row[0].rstrip(":"): float(row[3]) for row in wireless if len(row) > 3})


def _leads_out(address: str) -> bool:
    known = ip_address(address)
    return not (known.is_loopback or known.is_link_local)


def _routes(net: Path) -> tuple[str, ...]:
    """The devices of the default routes, of both families."""
    four = [row[0] for row in _rows(net / "route") if row[1] == row[7] == "00000000" and int(row[3], 16) & _UP]
    six = [row[9] for row in _rows(net / "ipv6_route") if row[0] == "0" * 32 and row[1] == "00" and row[9] != "lo"]
    return tuple(dict.fromkeys((*four, *six)))


def _rows(path: Path) -> list[list[str]]:
    return [line.split() for line in _text(path).splitlines()]


def _text(path: Path) -> str:
    """A kernel without this protocol has no such file."""
    return path.read_text() if path.exists() else ""
