"""The doctor on the machine: power, clock, card and network, by values, and by files in a root of their own."""

import os
import time
from pathlib import Path

import pytest

from kiosk.config import Config, DistrictSettings, StoreSettings
from kiosk.doctor import Finding, Patient, Result, examine
from kiosk.doctor.card import Mount, judge_errors, judge_mount, judge_room, judge_speed, judge_wear, mount_of
from kiosk.doctor.clock import Times, judge_times, judge_trust
from kiosk.doctor.finding import joined
from kiosk.doctor.network import Way, judge_name, judge_way, judge_wifi, read_way
from kiosk.doctor.power import judge_temperature, judge_throttled
from kiosk.store import open_store

OK, WRONG, DOUBTFUL = Result.OK, Result.WRONG, Result.DOUBTFUL
MODEL = "Raspberry Pi 4 Model B Rev 1.4\0"


class Machine:
    """A root with the files of a machine, and a gate on it."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.config = Config(store=StoreSettings(Path("gerbang.db")), base=folder)
        self.write("proc/mounts", f"/dev/mmcblk0p2 {folder} ext4 rw,noatime 0 0\n")

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def finding(self, name: str) -> Finding:
        [found] = examine(name, Patient(self.config, None, Path("unused.jpg"), root=self.root), 60)
        return found


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_several_findings_are_as_bad_as_the_worst_which_comes_first() -> None:
    parts = [
        Finding("card", OK, "room"),
        Finding("card", WRONG, "broken", "mend", {"a": 1}),
        Finding("card", DOUBTFUL, "slow", "wait", {"b": 2}),
    ]
    assert joined("card", *parts) == Finding("card", WRONG, "broken; slow; room", "mend wait", {"a": 1, "b": 2})


@pytest.mark.parametrize(
    ("flags", "result", "word"),
    [
        (0x0, OK, "good"),
        (0x1, WRONG, "too low now"),
        (0x50005, WRONG, "too low now"),
        (0x2, WRONG, "slowed"),
        (0x4, WRONG, "slowed"),
        (0x8, WRONG, "slowed"),
        (0x10000, DOUBTFUL, "too low since"),
        (0xE0000, DOUBTFUL, "too hot since"),
        (None, DOUBTFUL, "does not tell"),
    ],
)
def test_the_firmwares_flags_are_read_now_and_since_the_start(flags: int | None, result: Result, word: str) -> None:
    finding = judge_throttled(flags)
    assert finding.result is result
    assert word in finding.found
    assert bool(finding.advice) == (result is not OK)


@pytest.mark.parametrize(("degrees", "result"), [(45.0, OK), (72.0, DOUBTFUL), (84.0, WRONG), (None, OK)])
def test_heat_is_told(degrees: float | None, result: Result) -> None:
    assert judge_temperature(degrees).result is result


def test_no_pi_has_no_power_to_look_at(machine: Machine) -> None:
    machine.write("sys/class/thermal/thermal_zone0/temp", "91000\n")
    finding = machine.finding("power")
    assert (finding.result, finding.figures) == (Result.NOT_APPLICABLE, {"temperature_c": 91.0})


def test_a_pis_power_is_read_from_the_kernel(machine: Machine) -> None:
    machine.write("proc/device-tree/model", MODEL)
    machine.write("sys/devices/platform/soc/soc:firmware/get_throttled", "50005\n")
    machine.write("sys/class/thermal/thermal_zone0/temp", "52100\n")
    finding = machine.finding("power")
    assert finding.result is WRONG
    assert finding.figures == {"throttled": "0x50005", "temperature_c": 52.1, "model": MODEL.strip("\0")}
    assert "power supply" in finding.advice


def test_a_pis_power_is_read_by_vcgencmd_where_the_kernel_does_not_tell(machine: Machine) -> None:
    machine.write("proc/device-tree/model", MODEL)
    machine.write("usr/bin/vcgencmd", '#!/bin/sh\n[ "$1" = get_throttled ] && echo throttled=0x10000\n').chmod(0o755)
    assert machine.finding("power").figures["throttled"] == "0x10000"


def test_a_pis_power_is_read_from_its_voltage_sensor_at_the_least(machine: Machine) -> None:
    machine.write("proc/device-tree/model", MODEL)
    machine.write("sys/class/hwmon/hwmon0/name", "cpu_thermal\n")
    machine.write("sys/class/hwmon/hwmon1/name", "rpi_volt\n")
    machine.write("sys/class/hwmon/hwmon1/in0_lcrit_alarm", "1\n")
    assert machine.finding("power").result is WRONG
    machine.write("sys/class/hwmon/hwmon1/in0_lcrit_alarm", "0\n")
    assert machine.finding("power").result is OK


@pytest.mark.parametrize(
    ("off_s", "result", "word"),
    [
        (0.4, OK, "as the district's"),
        (-30, DOUBTFUL, "30 seconds behind"),
        (300, WRONG, "5 minutes ahead"),
        (-9e7, WRONG, "1041 days behind"),
    ],
)
def test_a_clock_that_differs_from_the_districts_is_told(off_s: float, result: Result, word: str) -> None:
    finding = judge_times(Times(1.8e9 + off_s, district_s=1.8e9))
    assert finding.result is result
    assert word in finding.found


def test_a_clock_before_the_newest_record_has_gone_back() -> None:
    finding = judge_times(Times(1.7e9, district_s=1.7e9, newest_s=1.8e9))
    assert finding.result is WRONG
    assert "2027-01-15" in finding.found


def test_who_set_the_clock_decides_how_far_it_is_trusted(machine: Machine) -> None:
    assert judge_trust("network", Times(1.8e9)).result is OK
    assert judge_trust("rtc", Times(1.8e9, chip_s=1.8e9)).result is OK
    assert judge_trust("rtc", Times(1.8e9, chip_s=0.0)).result is DOUBTFUL
    assert judge_trust("estimated", Times(1.8e9)).result is DOUBTFUL
    assert judge_trust("estimated", Times(1.8e9, district_s=1.8e9)).result is OK
    assert machine.finding("clock").figures["trust"] == "estimated"
    machine.write("sys/class/rtc/rtc0/since_epoch", f"{time.time():.0f}\n")
    assert "chip" in machine.finding("clock").found
    machine.write("run/systemd/timesync/synchronized", "")
    finding = machine.finding("clock")
    assert finding.figures == {"trust": "network", "rtc": True, "zone": "Asia/Jakarta"}
    assert "WIB" in finding.found


def test_a_clock_beside_a_damaged_store_is_looked_at_all_the_same(machine: Machine) -> None:
    machine.config.store_path.write_text("not a store at all, but long enough to be read as one" * 20)
    assert machine.finding("clock").result is DOUBTFUL
    assert machine.finding("store").result is WRONG


@pytest.mark.parametrize(("free", "result"), [(5e9, OK), (150e6, DOUBTFUL), (19e6, WRONG), (0, WRONG)])
def test_room_on_the_card_is_told(free: float, result: Result) -> None:
    assert judge_room(int(free)).result is result


@pytest.mark.parametrize(("took_s", "result"), [(0.02, OK), (1.5, DOUBTFUL), (9.0, WRONG)])
def test_a_slow_card_is_told(took_s: float, result: Result) -> None:
    assert judge_speed(took_s).result is result


@pytest.mark.parametrize(
    ("facts", "result", "word"),
    [
        ({"name": "SC32G"}, OK, "SC32G"),
        ({"name": "BJTD4R", "life_time": "0x02 0x01", "pre_eol_info": "0x01"}, OK, "20 % worn"),
        ({"name": "BJTD4R", "life_time": "0x0a 0x01", "pre_eol_info": "0x01"}, DOUBTFUL, "nearly"),
        ({"name": "BJTD4R", "life_time": "0x01 0x01", "pre_eol_info": "0x02"}, DOUBTFUL, "nearly"),
        ({"name": "BJTD4R", "life_time": "0x0b 0x01", "pre_eol_info": "0x01"}, WRONG, "end of its life"),
        ({"name": "BJTD4R", "life_time": "0x00 0x00", "pre_eol_info": "0x03"}, WRONG, "end of its life"),
    ],
)
def test_a_worn_card_is_told_where_it_tells(facts: dict[str, str], result: Result, word: str) -> None:
    finding = judge_wear("mmcblk0", facts)
    assert finding.result is result
    assert word in finding.found


def test_the_mount_of_a_folder_is_the_last_and_deepest() -> None:
    mounts = "/dev/root / ext4 ro 0 0\n/dev/mmcblk0p4 /var/lib/ger\\040bang ext4 rw,errors=remount-ro 0 0\n"
    assert mount_of(Path("/var/lib/ger bang/x"), mounts) == Mount("/dev/mmcblk0p4", "/var/lib/ger bang", "ext4", False)
    assert mount_of(Path("/var/lib/gerbang"), mounts) == Mount("/dev/root", "/", "ext4", True)
    over = mounts + "tmpfs / tmpfs rw 0 0\n"
    assert mount_of(Path("/home"), over) == Mount("tmpfs", "/", "tmpfs", False)
    assert mount_of(Path("/home"), "") is None


def test_a_card_that_became_read_only_records_nothing() -> None:
    finding = judge_mount(Mount("/dev/mmcblk0p4", "/var/lib/gerbang", "ext4", True))
    assert finding.result is WRONG
    assert "/dev/mmcblk0p4" in finding.advice
    assert judge_errors({"mmcblk0p2": 0}).result is OK
    assert judge_errors({"mmcblk0p2": 0, "mmcblk0p4": 7}).found == "7 errors of the file system on mmcblk0p4"


def test_a_card_is_read_and_written(machine: Machine) -> None:
    machine.write("sys/fs/ext4/mmcblk0p2/errors_count", "0\n")
    for name, text in (("name", "SC32G"), ("oemid", "0x5344"), ("manfid", "0x000003")):
        machine.write(f"sys/block/mmcblk0/device/{name}", f"{text}\n")
    before = set(machine.config.base.iterdir())
    finding = machine.finding("card")
    assert finding.result is OK, finding
    assert "SC32G" in finding.found
    assert "is safe after" in finding.found
    assert finding.figures["device"] == "/dev/mmcblk0p2"
    assert finding.figures["mmcblk0_oemid"] == "0x5344"
    assert set(machine.config.base.iterdir()) == before, "nothing is left behind"
    machine.write("sys/fs/ext4/mmcblk0p2/errors_count", "3\n")
    assert machine.finding("card").result is WRONG


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.config = Config(store=StoreSettings(Path("missing/gerbang.db")), base=tmp_path)
    finding = machine.finding("card")
    assert finding.result is WRONG
    assert "no folder" in finding.found


def test_a_full_card_is_told(small_disk: Path) -> None:
    machine = Machine(small_disk)
    (small_disk / "ballast").write_bytes(os.urandom(500 * 1024))
    finding = machine.finding("card")
    assert finding.result is WRONG
    assert "only 0 MB free" in finding.found
    assert "No space left" in finding.found


def test_a_folder_that_may_not_be_written_is_told(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.config = Config(store=StoreSettings(Path("gerbang.db")), base=Path("/proc/self"))
    assert "nothing can be written in /proc/self" in machine.finding("card").found


CABLE = Way(("192.0.2.7",), ("eth0",), {})


@pytest.mark.parametrize(
    ("way", "needed", "result", "word"),
    [
        (CABLE, True, OK, "192.0.2.7 by eth0"),
        (Way(("192.0.2.7",), (), {}), True, WRONG, "no way out"),
        (Way((), (), {}), True, WRONG, "no cable and no Wi-Fi"),
        (Way((), (), {}), False, DOUBTFUL, "no cable and no Wi-Fi"),
    ],
)
def test_the_way_out_is_told(way: Way, needed: bool, result: Result, word: str) -> None:
    finding = judge_way(way, needed=needed)
    assert finding.result is result
    assert word in finding.found


@pytest.mark.parametrize(("dbm", "result"), [(-50.0, OK), (-72.0, DOUBTFUL), (-85.0, WRONG)])
def test_a_weak_wifi_is_told(dbm: float, result: Result) -> None:
    assert judge_wifi("wlan0", dbm).result is result


def test_a_name_that_nobody_knows_is_told(machine: Machine) -> None:
    assert judge_name("absen.example", "192.0.2.9").result is OK
    machine.config = Config(district=DistrictSettings("https://absen.invalid"), base=machine.config.base)
    finding = machine.finding("network")
    assert finding.result is WRONG
    assert "nobody knows the name absen.invalid" in finding.found


def test_the_kernels_tables_of_the_network_are_read(machine: Machine) -> None:
    assert read_way(machine.root) == Way((), (), {})
    machine.write(
        "proc/net/fib_trie",
        "Local:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 127.0.0.1\n        /32 host LOCAL\n"
        "     |-- 192.168.1.23\n        /32 host LOCAL\n     |-- 192.168.1.255\n        /32 link BROADCAST\n",
    )
    machine.write(
        "proc/net/if_inet6",
        "00000000000000000000000000000001 01 80 10 80       lo\n"
        "fe800000000000000000000000000001 02 40 20 80    wlan0\n"
        "fd000000000000000000000000000002 02 40 00 80    wlan0\n",
    )
    machine.write(
        "proc/net/route",
        "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
        "wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n"
        "wlan0\t0001A8C0\t00000000\t0001\t0\t0\t600\t00FFFFFF\t0\t0\t0\n",
    )
    machine.write(
        "proc/net/wireless",
        "Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE\n"
        " face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22\n"
        " wlan0: 0000   54.  -71.  -256        0      0      0      0      0        0\n",
    )
    assert read_way(machine.root) == Way(("192.168.1.23", "fd00::2"), ("wlan0",), {"wlan0": -71.0})
    finding = machine.finding("network")
    assert finding.result is DOUBTFUL
    assert finding.figures["wlan0_dbm"] == -71.0


def test_this_machines_own_tables_can_be_read() -> None:
    assert all(address for address in read_way(Path("/")).addresses)


def test_a_store_is_looked_at_with_its_key(machine: Machine) -> None:
    assert machine.finding("store").result is DOUBTFUL, "there is none yet"
    with open_store(machine.config.store_path):
        pass
    assert machine.finding("store").result is OK
    key = machine.config.store_path.with_name("gerbang.db.key")
    key.chmod(0o644)
    finding = machine.finding("store")
    assert (finding.result, finding.figures["key_mode"]) == (WRONG, "644")
    assert f"chmod 600 {key}" in finding.advice
