"""Snappy's block format, as far as remote write needs it: https://github.com/google/snappy/blob/main/format_description.txt

What is packed here is not made smaller, only framed so that every reader of the format takes it.
"""

from __future__ import annotations

from mistserver.domain.errors import InvalidInput

_LITERAL = 65_536


def packed(data: bytes) -> bytes:
    found = bytearray(varint(len(data)))
    for at in range(0, len(data), _LITERAL):
        piece = data[at : at + _LITERAL]
        found += bytes([61 << 2]) + (len(piece) - 1).to_bytes(2, "little") + piece
    return bytes(found)


def unpacked(data: bytes, most: int) -> bytes:
    """The content, of at most `most` bytes; InvalidInput for what is not Snappy or would be more."""
    size, at = _size(data)
    if size > most:
        raise InvalidInput(f"The body is more than {most} bytes when unpacked.", field="body")
    found = bytearray()
    while at < len(data):
        length, back, at = _element(data, at)
        if len(found) + length > size:
            raise _broken()
        if back == 0:
            if at + length > len(data):
                raise _broken()
            found += data[at : at + length]
            at += length
        else:
            _copy(found, back, length)
    if len(found) != size:
        raise _broken()
    return bytes(found)


def _element(data: bytes, at: int) -> tuple[int, int, int]:
    """The length, how far back the content stands (0: it follows), and where to go on."""
    tag = data[at]
    kind, upper, at = tag & 3, tag >> 2, at + 1
    if kind == 0:
        if upper < 60:
            return upper + 1, 0, at
        extra = upper - 59
        return _number(data, at, extra) + 1, 0, at + extra
    if kind == 1:
        return (upper & 7) + 4, _back(((tag >> 5) << 8) | _number(data, at, 1)), at + 1
    width = 2 if kind == 2 else 4
    return upper + 1, _back(_number(data, at, width)), at + width


def _copy(found: bytearray, back: int, length: int) -> None:
    if back > len(found):
        raise _broken()
    start = len(found) - back
    if back >= length:
        found += found[start : start + length]
    else:  # it repeats itself
        piece = bytes(found[start:])
        found += (piece * (length // back + 1))[:length]


def _number(data: bytes, at: int, width: int) -> int:
    if at + width > len(data):
        raise _broken()
    return int.from_bytes(data[at : at + width], "little")


def _back(offset: int) -> int:
    if offset == 0:
        raise _broken()
    return offset


def _size(data: bytes) -> tuple[int, int]:
    size = 0
    for n, byte in enumerate(data[:5]):
        size |= (byte & 0x7F) << (7 * n)
        if byte < 0x80:
            return size, n + 1
    raise _broken()


def varint(number: int) -> bytes:
    found = bytearray()
    while number >= 0x80:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


def _broken() -> InvalidInput:
    return InvalidInput("The body is not packed with Snappy, or damaged.", field="body")
