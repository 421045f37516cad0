"""A program that knows the sensor's bytes, and nothing of our driver."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager

import serial

from drivers.fingerprint.emulator import FingerprintEmulator
from drivers.fingerprint.packets import COMMAND, frame

PATIENCE_S = 20.0


class Client:
    """Asks, and checks that what comes is a packet."""

    def __init__(self, port: str, baud: int = 57600, timeout_s: float = PATIENCE_S) -> None:
        self.line = serial.Serial(port, baud, timeout=timeout_s)
        self.address = b"\xff\xff\xff\xff"

    def ask(self, command: int, *arguments: int) -> bytes:
        """The code and data of the acknowledgement."""
        return self.send(frame(COMMAND, bytes([command, *arguments]), self.address))

    def send(self, packet: bytes) -> bytes:
        self.line.write(packet)
        return self.packet()[1]

    def packet(self) -> tuple[int, bytes]:
        """The kind and data of the next packet; a byte before it, as an R503 says when it is ready, is passed over."""
        assert self.line.read_until(b"\xef\x01")[-2:] == b"\xef\x01"
        head = b"\xef\x01" + self.line.read(7)
        _, address, kind, length = struct.unpack(">H4sBH", head)
        body = self.line.read(length)
        assert address == self.address
        assert sum(head[6:] + body[:-2]) & 0xFFFF == int.from_bytes(body[-2:], "big")
        return kind, body[:-2]

    def data(self) -> list[tuple[int, bytes]]:
        """The data packets of an upload, up to the last one."""
        packets = [self.packet()]
        while packets[-1][0] != 8:
            packets.append(self.packet())
        return packets

    def is_answered(self, within_s: float = 0.1) -> bool:
        """Whether the sensor answers at all by then; what comes meanwhile is lost."""
        patience_s, self.line.timeout = self.line.timeout, within_s
        self.line.reset_input_buffer()
        self.line.write(frame(COMMAND, b"\x1d"))
        heard = self.line.read(14)
        self.line.timeout = patience_s
        return len(heard) == 14

    def capture(self, slot: int) -> None:
        assert self.ask(0x01) == b"\0"
        assert self.ask(0x02, slot) == b"\0"

    def enrol(self, emulator: FingerprintEmulator, finger: str, page: int) -> None:
        emulator.place(finger)
        for slot in (1, 2):
            self.capture(slot)
        assert self.ask(0x05) == b"\0"
        assert self.ask(0x06, 1, page >> 8, page & 0xFF) == b"\0"


@contextmanager
def client_of(emulator: FingerprintEmulator, baud: int = 57600, timeout_s: float = PATIENCE_S) -> Iterator[Client]:
    """A client on an emulator's port."""
    client = Client(emulator.port, baud, timeout_s)
    try:
        yield client
    finally:
        client.line.close()
