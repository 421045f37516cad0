"""The doctor on the gate's parts, by values, and by real files, sensors and servers."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address
from pathlib import Path

import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from drivers.camera import CameraSettings
from drivers.errors import SensorGarbled, SensorSilent, Trouble
from drivers.fingerprint import FingerprintSettings
from drivers.fingerprint.contract import SensorParameters
from kiosk import clock
from kiosk.config import Config, DistrictSettings, StoreSettings
from kiosk.doctor import Finding, Patient, Result, examine
from kiosk.doctor.camera import drawn, judge_face, judge_focus, judge_light, judge_rate, judge_view, needed_rotation
from kiosk.doctor.district import judge_answer, judge_certificate
from kiosk.doctor.film import Face, Film, searched_px
from kiosk.doctor.gate import judge_running
from kiosk.doctor.queue import judge_queue
from kiosk.doctor.running import OpenFault, judge_part, open_faults
from kiosk.doctor.sensor import has_console, judge_error, judge_sensor
from kiosk.doctor.store import judge_chain
from kiosk.doctor.web import Answer
from kiosk.store import Finger, Known, SensorSeen, open_store
from kiosk.vision.quality import Quality, Unfit

OK, WRONG, DOUBTFUL = Result.OK, Result.WRONG, Result.DOUBTFUL
SHARP = Quality(None, light=120.0, sharpness=0.05, yaw=0.0, pitch=0.7)
EMPTY = Film(np.full((480, 640, 3), 90, np.uint8), None, sharpness=0.1, light=90.0, fps=25.0)
SEEN = replace(EMPTY, face=Face((200, 100, 180, 180), SHARP))


def patient(config: Config, **changes: object) -> Patient:
    return replace(Patient(config, None, Path("unused.jpg")), **changes)  # type: ignore[arg-type]


def faced(**quality: object) -> Film:
    return replace(SEEN, face=Face((200, 100, 180, 180), replace(SHARP, **quality)))  # type: ignore[arg-type]


# --- camera -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("finding", "result", "word"),
    [
        (judge_view(SEEN), OK, "640 x 480"),
        (judge_view(replace(SEEN, trouble=Trouble.FROZEN)), WRONG, "again and again"),
        (judge_view(replace(SEEN, trouble=Trouble.COVERED)), WRONG, "covered"),
        (judge_view(replace(SEEN, trouble=Trouble.DARK)), DOUBTFUL, "dark"),
        (judge_rate(SEEN), OK, "25 pictures a second"),
        (judge_rate(replace(SEEN, fps=2.4)), DOUBTFUL, "only 2"),
        (judge_face(SEEN, CameraSettings()), OK, "180 px wide"),
        (judge_face(EMPTY, CameraSettings()), DOUBTFUL, "no face"),
        (judge_face(replace(EMPTY, turn=180), CameraSettings()), WRONG, "turned"),
        (judge_focus(SEEN), OK, "the face is sharp"),
        (judge_focus(faced(sharpness=0.015)), DOUBTFUL, "not quite sharp"),
        (judge_focus(faced(sharpness=0.004)), WRONG, "blurred"),
        (judge_focus(EMPTY), OK, "middle"),
        (judge_focus(replace(EMPTY, sharpness=0.003)), DOUBTFUL, "no sharp edge"),
        (judge_focus(replace(EMPTY, trouble=Trouble.DARK)), Result.NOT_APPLICABLE, "nothing"),
        (judge_light(SEEN), OK, "well lit"),
        (judge_light(faced(light=20.0, unfit=Unfit.TOO_DARK)), WRONG, "too dark"),
        (judge_light(faced(light=35.0, unfit=Unfit.AGAINST_LIGHT)), WRONG, "behind the face"),
        (judge_light(faced(light=240.0)), DOUBTFUL, "nearly white"),
        (judge_light(EMPTY), OK, "neither"),
        (judge_light(replace(EMPTY, light=20.0)), DOUBTFUL, "dim"),
        (judge_light(replace(EMPTY, light=240.0)), DOUBTFUL, "bright"),
    ],
)
def test_what_the_camera_shows_is_judged(finding: Finding, result: Result, word: str) -> None:
    assert finding.result is result
    assert word in finding.found
    assert bool(finding.advice) == (result in (WRONG, DOUBTFUL)), "what is wrong has an advice, and nothing else has"


@pytest.mark.parametrize(
    ("turn", "rotation", "mirror", "needed"),
    [(180, 0, False, 180), (90, 0, False, 90), (180, 270, False, 90), (90, 0, True, 270), (90, 90, False, 180)],
)
def test_a_picture_that_must_be_turned_tells_the_setting(turn: int, rotation: int, mirror: bool, needed: int) -> None:
    settings = CameraSettings(rotation=rotation, mirror=mirror)  # type: ignore[arg-type]
    assert needed_rotation(turn, settings) == needed
    assert f"rotation = {needed}" in judge_face(replace(EMPTY, turn=turn), settings).advice


@pytest.mark.parametrize(
    ("settings", "width_px"),
    [
        (CameraSettings("webcam"), 640),
        (CameraSettings("webcam", width_px=1280, height_px=720), 1280),
        (CameraSettings("webcam", width_px=1280, height_px=720, rotation=90), 720),
        (CameraSettings("replay", width_px=320, rotation=180), 320),
        (CameraSettings("picamera"), 640),
        (CameraSettings("picamera", rotation=270), 480),
        (CameraSettings("picamera", width_px=1920, height_px=1080), 640),
        (CameraSettings("picamera", width_px=1296, height_px=972), 432),
    ],
)
def test_a_face_of_a_running_gate_is_measured_in_the_pictures_that_it_searches(
    settings: CameraSettings, width_px: int
) -> None:
    assert searched_px(settings) == width_px


def test_the_face_is_drawn_into_the_picture_and_nothing_where_none_is() -> None:
    assert np.array_equal(drawn(EMPTY), EMPTY.picture)
    changed = np.argwhere((drawn(SEEN) != SEEN.picture).any(axis=2))
    assert changed[:, 1].max() >= 380, "the frame's right edge"
    assert changed[:, 0].max() >= 280, "its lower edge"
    assert not (drawn(SEEN)[150:250, 250:350] != SEEN.picture[150:250, 250:350]).any(), "the face itself is left"


@pytest.mark.parametrize(
    ("kind", "result", "trouble"),
    [
        ("freeze", WRONG, "frozen"),
        ("covered", WRONG, "covered"),
        ("dark", DOUBTFUL, "dark"),
        ("silent", WRONG, "frozen"),
        ("unplugged", WRONG, "unplugged"),
    ],
)
def test_what_befell_the_camera_is_found(tmp_path: Path, kind: str, result: Result, trouble: str) -> None:
    (tmp_path / "scene.toml").write_text(f'[[fault]]\nkind = "{kind}"\nat_s = 0\n')
    config = Config(camera=CameraSettings("replay", "scene.toml"), base=tmp_path)
    camera, focus, _ = examine("camera", patient(config, picture=tmp_path / "seen.jpg"), 60)
    assert (camera.result, camera.figures["trouble"]) == (result, trouble)
    assert camera.advice
    assert focus.result is Result.NOT_APPLICABLE


# --- sensor -------------------------------------------------------------------------------------------------------

PARAMETERS = SensorParameters(capacity=162, packet_bytes=128, security_level=3, system=9, baud=57600, ring=False)
KNOWN = Known({0: Finger("ani", b"kept too"), 3: Finger("budi", b"kept")}, sensor=SensorSeen(9, 162))


@pytest.mark.parametrize(
    ("changes", "pages", "result", "word"),
    [
        ({}, {0, 3}, OK, "2 of 162 fingers"),
        ({}, {0}, WRONG, "page 3"),
        ({}, {0, 3, 7}, DOUBTFUL, "page 7"),
        ({"baud": 9600}, {0, 3}, DOUBTFUL, "9600"),
        ({"system": 4}, {0, 3}, WRONG, "not the sensor"),
        ({"capacity": 4}, {0, 1, 2, 3}, WRONG, "taken"),
    ],
)
def test_a_sensor_is_judged_by_what_it_holds(
    changes: dict[str, int], pages: set[int], result: Result, word: str
) -> None:
    finding = judge_sensor(replace(PARAMETERS, **changes), FingerprintSettings("adafruit"), pages, KNOWN)  # type: ignore[arg-type]
    assert finding.result is result
    assert word in finding.found
    assert bool(finding.advice) == (result is not OK)


def test_a_sensor_that_does_not_answer_may_have_the_systems_console_on_its_line(tmp_path: Path) -> None:
    line = tmp_path / "cmdline"
    line.write_text("console=tty1 root=PARTUUID=1 rootwait\n")
    settings = FingerprintSettings("adafruit", "/dev/serial0")
    assert "TX and RX" in judge_error(SensorSilent("silent"), settings, line).advice
    assert "wires" in judge_error(SensorGarbled("garbled"), settings, line).advice
    line.write_text("console=serial0,115200 console=tty1 rootwait\n")
    assert has_console("/dev/ttyAMA0", line)
    assert not has_console("/dev/ttyUSB0", line)
    assert "no login shell" in judge_error(SensorGarbled("garbled"), settings, line).advice


# --- what a running gate tells ----------------------------------------------------------------------------------------


def test_faults_are_those_since_the_last_start_that_are_not_mended(tmp_path: Path) -> None:
    config = Config(store=StoreSettings(Path("gerbang.db")), base=tmp_path)
    camera = {"part": "camera", "what": "unplugged", "why": "it is gone"}
    full = {"part": "sensor", "what": "full", "why": "all pages are taken"}
    with open_store(config.store_path) as store:
        for kind, payload in (
            ("fault", {"part": "store", "what": "broken", "why": "of another start"}),
            ("start", {}),
            ("fault", camera),
            ("fault", full),
            ("fault", {**camera, "what": "frozen"}),
            ("mended", {**camera, "what": "frozen"}),
        ):
            store.journal.append(kind, payload, clock.now())
        faults = open_faults(store.journal.since(), config.zone)
    assert [(fault.part, fault.what, fault.why) for fault in faults] == [
        ("camera", "unplugged", "it is gone"),
        ("sensor", "full", "all pages are taken"),
    ]
    assert judge_running(["camera"], faults).result is WRONG
    assert judge_running([], faults[1:]).result is DOUBTFUL
    assert judge_running(["lights"], faults[1:]).result is WRONG, "the gate has not told why"
    assert judge_running([], []).result is OK
    [lost] = examine("sensor", patient(replace(config, fingerprint=SENSOR), gate={"faults": []}), 60)
    assert (lost.result, lost.figures["trouble"]) == (DOUBTFUL, "full")


SENSOR = FingerprintSettings("adafruit", "/dev/serial0")


def test_a_part_that_a_running_gate_has_is_judged_by_what_the_gate_tells() -> None:
    fault = OpenFault("sensor", "silent", "nothing came from /dev/serial0", "2026-11-23 06:50")
    finding = judge_part("sensor", [fault], {"silent": "Look at its wires.", "broken": "Look."}, lacks=True)
    assert (finding.result, finding.advice) == (WRONG, "Look at its wires.")
    assert finding.found == "nothing came from /dev/serial0 (since 2026-11-23 06:50)"
    assert judge_part("sensor", [], {"broken": "Look."}, lacks=True).advice == "Look."
    assert judge_part("sensor", [replace(fault, part="camera")], {}, lacks=False).result is OK


# --- store and queue --------------------------------------------------------------------------------------------------


def test_a_journal_whose_end_is_damaged_is_told(tmp_path: Path) -> None:
    with open_store(tmp_path / "gerbang.db") as store:
        assert judge_chain([]).result is OK
        for person in ("ani", "budi", "citra"):
            store.journal.append("attendance", {"person": person}, clock.now())
        entries = store.journal.after(0, 9)
    assert judge_chain(entries).result is OK
    assert judge_chain(entries[1:]).result is OK, "what lies before is not looked at"
    changed = replace(entries[1], payload={"person": "dedi"})
    for damaged in ([entries[0], changed, entries[2]], [entries[0], entries[2]]):
        finding = judge_chain(damaged)
        assert (finding.result, finding.figures["damaged_entry"]) == (WRONG, 2)


@pytest.mark.parametrize(
    ("unsent", "oldest_s", "result", "word"),
    [
        (0, None, OK, "everything is sent"),
        (3, 90.0, OK, "3 not sent, the oldest for 2 minutes"),
        (40, 3 * 86400.0, DOUBTFUL, "3 days"),
        (900, 30 * 86400.0, WRONG, "30 days"),
    ],
)
def test_what_waits_too_long_is_told(unsent: int, oldest_s: float | None, result: Result, word: str) -> None:
    finding = judge_queue(unsent, oldest_s, 7 * 86400.0)
    assert finding.result is result
    assert word in finding.found


# --- the district -----------------------------------------------------------------------------------------------------

DESCRIPTION = b'{"paths": {"/api/v1/entries": {}}}'


@pytest.mark.parametrize(
    ("status", "body", "result", "word"),
    [
        (200, DESCRIPTION, OK, "answers in"),
        (200, b"<html>Log in to the school's Wi-Fi</html>", WRONG, "no district"),
        (200, b"[]", WRONG, "no district"),
        (404, b"", WRONG, "no district"),
        (503, b"", WRONG, "trouble of its own"),
    ],
)
def test_what_answers_is_a_district_or_not(status: int, body: bytes, result: Result, word: str) -> None:
    finding = judge_answer("https://absen.example", Answer(status, "text/html", body), 0.1)
    assert finding.result is result
    assert word in finding.found


def test_a_certificate_that_ends_soon_is_told() -> None:
    assert judge_certificate(None).result is OK
    assert judge_certificate(datetime.now(UTC) + timedelta(days=60)).result is OK
    assert judge_certificate(datetime.now(UTC) + timedelta(days=3)).result is DOUBTFUL


class District(BaseHTTPRequestHandler):
    """Describes itself as a district does, and has a clock that is five minutes ahead."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(DESCRIPTION)

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.end_headers()

    def date_time_string(self, timestamp: float | None = None) -> str:
        return super().date_time_string(clock.now().wall_s + 300)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def serving(context: ssl.SSLContext) -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), District) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://127.0.0.1:{server.server_port}"
        server.shutdown()


def certified(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's side of HTTPS for this machine, good for 90 days, and the certificate to trust."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Disdik")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(90))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "district.pem"
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context, path


def test_a_district_over_https_is_trusted_or_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, certificate = certified(tmp_path)
    with serving(context) as url:
        config = Config(district=DistrictSettings(url), base=tmp_path)
        [finding] = examine("district", patient(config), 60)
        assert finding.result is WRONG
        assert "not trusted" in finding.found
        assert "clock" in finding.advice
        [finding] = examine("clock", patient(config), 60)
        assert finding.result is WRONG
        assert "minutes behind the district's" in finding.found, "told although the certificate is not trusted"
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        [finding] = examine("district", patient(config), 60)
        assert finding.result is OK, finding
        assert f"{datetime.now(UTC) + timedelta(90):%Y-%m-%d}" in finding.found


# --- checks that fail by themselves -----------------------------------------------------------------------------------


def test_a_check_that_fails_is_a_cross_and_not_the_end(tmp_path: Path) -> None:
    [finding] = examine("card", patient(Config(base=tmp_path), root=tmp_path), 60)
    assert (finding.name, finding.result) == ("card", WRONG)
    assert "proc/mounts" in finding.found


def test_a_server_that_takes_the_call_and_says_nothing_is_not_waited_for(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        [finding] = examine("district", patient(Config(district=DistrictSettings(url), base=tmp_path)), 0.3)
    assert (finding.result, finding.found) == (WRONG, "does not answer within 0.3 s")
