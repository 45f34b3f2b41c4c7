"""Damage to files: of bytes, of lines and numbers, and of the structure of a safetensors file."""

import gzip
import io
import json
import zipfile

import numpy as np

from tests.io.safetensors_files import put_together, seal, take_apart, without_checksums
from textdl.io.safetensors import DTYPES

BYTES = (
    b"\0",
    b"\xff",
    b"\x80",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\n",
    b"\r",
    b" ",
    b"\t",
    b'"',
    b"\x1b",
)
WORDS = (
    *(b"", b"nan", b"inf", b"-inf", b"1e999", b"-0", b"1_0", b"0x10", b"1e-400", b"-1", b"0"),
    *(b"999999999999999999", b"18446744073709551616", b"\xff", b"\0", b"a" * 5000, b"9" * 5000),
    *(
        b"__label__",
        b'"',
        b'""',
        b"{",
        b"[" * 2000,
        b'{"a":',
        b"\\ud800",
        b":",
        b"#",
        b",",
        b"\xef\xbb\xbf",
    ),
)
INTEGERS = (
    *(0, 1, 2, 3, 7, -1, 100, 101, 127, 128, 255, 1 << 15, 1 << 31, (1 << 31) - 1, 1 << 32),
    *(1 << 40, 1 << 53, 1 << 62, (1 << 63) - 1, 1 << 63, 1 << 64, -(1 << 63), 10**30, 10**5000),
)
FLOATS = (0.0, -0.0, 1.0, -1.0, 1e-310, 1e38, -1e38, 1e300, 1.7e308, float("nan"), float("inf"))
TEXTS = (
    *(
        "",
        "a",
        "\0",
        "the",
        "\x1b[31m",
        "\n",
        "filename",
        "file",
        "content",
        "word",
        "char",
        "nltk",
    ),
    *("english", "l1", "l2", "relu", "nonsense", "float64", "object", "<U999999999", "S9", "utf-8"),
    *("zlib_codec", "idna", "undefined", "unicode_escape", "utf-16", "(a+)+$", "(?:a{900}){900}"),
    *("(" * 300, "(?i)[\\s\\S]", "\\w+", "[", "/etc/passwd", "\ud800", "x" * 3000, "a\0"),
)


def of_json(draw):
    """A value that is not expected."""
    deep = []
    for _ in range(draw.choice([3, 40, 900, 3000])):
        deep = [deep]
    kinds = [
        *(draw.choice(INTEGERS), draw.choice(INTEGERS), draw.choice(FLOATS), draw.choice(TEXTS)),
        *(None, True, False, [], {}, [draw.choice(INTEGERS)], {"a": 1}, deep),
        [draw.choice(TEXTS), draw.choice(TEXTS)],
    ]
    return kinds[draw.randrange(len(kinds))]


def damage_bytes(raw, draw):
    """One change of bytes."""
    if not raw:
        return draw.choice(BYTES)
    at = draw.randrange(len(raw))
    end = min(len(raw), at + 1 + int(draw.expovariate(0.1)))
    match draw.randrange(8):
        case 0 | 1:
            return raw[:at] + bytes([raw[at] ^ (1 << draw.randrange(8))]) + raw[at + 1 :]
        case 2:
            return raw[:at]
        case 3:
            return raw[:at] + raw[end:]
        case 4:
            return raw[:at] + raw[at:end] * draw.choice([2, 3, 50]) + raw[end:]
        case 5:
            other = draw.randrange(len(raw))
            return raw[:at] + raw[other : other + end - at] + raw[end:]
        case 6:
            return raw[:at] + draw.choice(BYTES) * draw.choice([1, 1, 4, 1000]) + raw[at:]
        case _:
            return raw[:at] + draw.randbytes(end - at) + raw[end:]


def damage_lines(raw, draw):
    """One change of a field or a line of text."""
    lines = raw.split(b"\n")
    at = draw.choice([0, draw.randrange(len(lines))])
    match draw.randrange(6):
        case 0:
            del lines[at]
        case 1:
            lines[at:at] = [lines[at]] * draw.choice([1, 2, 30])
        case 2:
            lines[at : at + 2] = [b"".join(lines[at : at + 2])]
        case 3:
            other = draw.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        case _:
            space = draw.choice([b" ", b"\t", b","])
            fields = lines[at].split(space)
            fields[draw.randrange(len(fields))] = draw.choice(WORDS)
            lines[at] = space.join(fields)
    return b"\n".join(lines)


def damage_text(raw, draw):
    """A change of bytes or lines."""
    return draw.choice([damage_bytes, damage_lines, damage_lines])(raw, draw)


def damage_word2vec_binary(raw, draw):
    """A change of the header, of bytes, or of a number."""
    first, _, rest = raw.partition(b"\n")
    match draw.randrange(3):
        case 0:
            return damage_lines(first, draw) + b"\n" + rest
        case 1:
            at = draw.randrange(max(1, len(rest) - 4))
            number = np.float32(draw.choice([1.0, 3e38, np.nan, np.inf])).tobytes()
            return first + b"\n" + rest[:at] + number + rest[at + 4 :]
        case _:
            return damage_bytes(raw, draw)


def damage_records(raw, draw):
    """A change of bytes, or of a whole number or a float in a file of records without gaps."""
    if draw.random() < 0.4:
        return damage_bytes(raw, draw)
    at = draw.choice([draw.randrange(len(raw)), 4 * draw.randrange(min(len(raw), 120) // 4)])
    match draw.randrange(3):
        case 0:
            new = np.float32(draw.choice([1.0, 3e38, np.nan, np.inf])).tobytes()
        case 1:
            new = (draw.choice(INTEGERS[:-3]) % (1 << 32)).to_bytes(4, "little")
        case _:
            new = (draw.choice(INTEGERS[:-3]) % (1 << 64)).to_bytes(8, "little")
    return raw[:at] + new + raw[at + len(new) :]


def damage_npz(raw, draw):
    """A change of the archive, or of an array in it, with checksums that fit."""
    if draw.random() < 0.3:
        return damage_records(raw, draw)
    source = zipfile.ZipFile(io.BytesIO(raw))
    names = source.namelist()
    chosen = draw.choice(names)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", draw.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])) as new:
        for name in names:
            content = source.read(name)
            if name == chosen:
                damage = draw.choice([damage_records, damage_lines, damage_bytes])
                content = damage(content, draw)
                name = draw.choice([name, name, name, *names, draw.choice(["a.npy", "b.pkl", ""])])
            new.writestr(name, content)
    return out.getvalue()


def damage_json(raw, draw):
    """A change of a value in JSON, or of bytes."""
    if draw.random() < 0.2:
        return damage_bytes(raw, draw)
    value = json.loads(raw)
    _change_value(value, draw)
    try:
        return json.dumps(value).encode()
    except (RecursionError, ValueError):
        return b"[" * 5000


def damage_gzip(damage):
    """Changes of what is compressed, or of the compressed file."""

    def damage_compressed(raw, draw):
        if draw.random() < 0.2:
            return damage_bytes(raw, draw)
        return gzip.compress(damage(gzip.decompress(raw), draw), 1, mtime=0)

    return damage_compressed


def damage_container(raw, draw):
    """A change of header, metadata, numbers or bytes; the checksums mostly fit it."""
    if draw.random() < 0.15:
        return damage_bytes(raw, draw)
    header, body = take_apart(raw)
    change = draw.choice(
        [_change_json, _change_json, _change_numbers, _change_numbers, _change_place]
    )
    body = change(header, bytearray(body), draw)
    sealed = draw.random()
    try:
        if sealed < 0.8:
            seal(header, body)
    except (KeyError, OverflowError, RecursionError, TypeError, ValueError):
        sealed = 1.0
    if sealed > 0.9 and isinstance(header, dict):
        header["__metadata__"] = without_checksums(header.get("__metadata__"))
    try:
        return put_together(header, body)
    except (RecursionError, ValueError):
        return damage_bytes(raw, draw)


def _change_json(header, body, draw):
    """Change a value in the metadata, or anywhere else in the header."""
    metadata = header["__metadata__"]
    names = [name for name in metadata if "digest" not in name]
    name = draw.choice([*names, None]) if names else None
    if name is None:
        _change_value(header, draw)
    elif metadata[name][:1] in ("{", "["):
        value = json.loads(metadata[name])
        _change_value(value, draw)
        try:
            metadata[name] = json.dumps(value)
            if draw.random() < 0.05:
                metadata[name] = damage_bytes(metadata[name].encode(), draw).decode("latin-1")
        except (RecursionError, ValueError):
            metadata[name] = "[" * 5000
    else:
        metadata[name] = draw.choice(TEXTS)
    return body


def _change_value(value, draw):
    """Change something in nested lists and maps."""
    while True:
        keys = list(value) if isinstance(value, dict) else range(len(value))
        if not keys:
            break
        key = draw.choice(keys)
        if not isinstance(value[key], dict | list) or draw.random() < 0.2:
            break
        value = value[key]
    if not keys:
        if isinstance(value, dict):
            value["a"] = of_json(draw)
        else:
            value.append(of_json(draw))
        return
    match draw.randrange(8):
        case 0:
            del value[key]
        case 1 if isinstance(value, list):
            value[key:key] = [value[key]] * draw.choice([1, 2, 40])
        case 1:
            value[draw.choice(TEXTS)] = value[key]
        case 2 if isinstance(value[key], str):
            value[key] = draw.choice([value[key] + "\0", value[key][1:], value[key] * 2])
        case 3:
            value[key] = value[draw.choice(keys)]
        case _:
            value[key] = of_json(draw)


def _arrays_of(header):
    return [name for name in header if name != "__metadata__"]


def _change_numbers(header, body, draw):
    """Put unexpected numbers into an array."""
    entry = header[draw.choice(_arrays_of(header))]
    begin, end = entry["data_offsets"]
    dtype = DTYPES[entry["dtype"]]
    numbers = np.frombuffer(body, dtype, (end - begin) // dtype.itemsize, begin)
    if not len(numbers):
        return body
    for _ in range(draw.choice([1, 1, 2, 10])):
        at = draw.randrange(len(numbers))
        if dtype.kind == "f":
            with np.errstate(all="ignore"):
                numbers[at] = np.float64(draw.choice(FLOATS)).astype(dtype)
        elif draw.random() < 0.3:
            numbers[at] = numbers[draw.randrange(len(numbers))]
        else:
            wide = draw.choice(INTEGERS[:-3]) % (1 << 8 * dtype.itemsize)
            numbers[at : at + 1].view(f"u{dtype.itemsize}")[0] = wide
    return body


def _change_place(header, body, draw):
    """Change shape, type or place of an array, or make it longer or shorter where it stands."""
    names = _arrays_of(header)
    name = draw.choice(names)
    entry = header[name]
    match draw.randrange(6):
        case 0:
            entry["dtype"] = draw.choice([*DTYPES, "XX"])
        case 1:
            entry["shape"] = draw.choice(
                [entry["shape"][::-1], [draw.choice(INTEGERS[:-1])], [1] * 3000, [], [2**40] * 2000]
            )
        case 2:
            entry["data_offsets"][draw.randrange(2)] = draw.choice(INTEGERS[:-1])
        case 3:
            other = draw.choice(names)
            header[name], header[other] = header[other], entry
        case 4:
            header[draw.choice(["a", *names])] = header.pop(name)
        case _:
            _resize(header, body, name, draw)
    return body


def _resize(header, body, name, draw):
    """Another length of the first axis, with the bytes and places that fit it."""
    entry = header[name]
    begin, end = entry["data_offsets"]
    rows = entry["shape"][0] if entry["shape"] else 0
    if not rows:
        return
    width = (end - begin) // rows
    wanted = draw.choice([0, rows - 1, rows + 1, 2 * rows])
    array = (bytes(body[begin:end]) * 2)[: wanted * width]
    body[begin:end] = array
    entry["shape"][0] = wanted
    moved = begin + len(array) - end
    for other in _arrays_of(header):
        if header[other]["data_offsets"][0] >= end and other != name:
            header[other]["data_offsets"] = [at + moved for at in header[other]["data_offsets"]]
    entry["data_offsets"] = [begin, begin + len(array)]
