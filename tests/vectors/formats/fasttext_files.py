"""Models of fastText, written field by field from its source, and its vectors, word by word."""

import struct

import numpy as np

MAGIC = 793712314


def model(
    words, matrix, *, minn=3, maxn=4, bucket=10, labels=(), pruned=None, version=12, **changes
):
    """The bytes of a model; `matrix` is the bytes of its input matrix, or an array."""
    sizes = {"dim": 3, "ws": 5, "epoch": 5, "minCount": 1, "neg": 5, "wordNgrams": 1, "loss": 2}
    sizes |= {"model": 2, "bucket": bucket, "minn": minn, "maxn": maxn, "lrUpdateRate": 100}
    if not isinstance(matrix, bytes):
        sizes["dim"] = matrix.shape[1]
        matrix = dense(matrix)
    sizes |= changes
    raw = struct.pack("<ii12id", MAGIC, version, *sizes.values(), 1e-4)
    pruned_size = -1 if pruned is None else len(pruned)
    counts = (len(words) + len(labels), len(words), len(labels), 1000, pruned_size)
    raw += struct.pack("<iiiqq", *counts)
    for kind, entries in enumerate([words, labels]):
        for place, word in enumerate(entries):
            raw += as_bytes(word) + b"\0" + struct.pack("<qb", 100 - place, kind)
    for pair in pruned or ():
        raw += struct.pack("<ii", *pair)
    return raw + matrix + b"\0" + struct.pack("<qq", 0, sizes["dim"])


def as_bytes(word):
    return word if isinstance(word, bytes) else word.encode()


def dense(matrix):
    return b"\0" + struct.pack("<qq", *matrix.shape) + matrix.astype("<f4").tobytes()


def quantized(codes, centroids, dsub, norms=None):
    """`codes` (R, parts), `centroids` (256, D); `norms` codes (R,) and centroids (256,)."""
    rows, parts = codes.shape
    size = centroids.shape[1]
    raw = struct.pack("<bbqqi", 1, norms is not None, rows, size, codes.size) + codes.tobytes()
    raw += quantizer(centroids, parts, dsub)
    if norms is not None:
        raw += norms[0].tobytes() + quantizer(norms[1][:, None], 1, 1)
    return raw


def quantizer(centroids, parts, dsub):
    size = centroids.shape[1]
    raw = struct.pack("<iiii", size, parts, dsub, size - (parts - 1) * dsub)
    for part in range(parts):
        raw += centroids[:, part * dsub : (part + 1) * dsub].astype("<f4").tobytes()
    return raw


def dequantized(codes, centroids, dsub, norms=None):
    rows = np.empty((len(codes), centroids.shape[1]), np.float32)
    for row, row_codes in enumerate(codes):
        for part, code in enumerate(row_codes):
            place = slice(part * dsub, (part + 1) * dsub)
            rows[row, place] = centroids[code, place]
        if norms is not None:
            rows[row] *= norms[1][norms[0][row]]
    return rows


def buckets_of(word, minn, maxn, bucket):
    """`Dictionary::computeSubwords`, for words of one byte a character or whole code points."""
    text = f"<{word}>"
    found = []
    for begin in range(len(text)):
        for n in range(1, maxn + 1):
            end = begin + n
            if end > len(text):
                break
            if n >= minn and not (n == 1 and (begin == 0 or end == len(text))):
                value = 2166136261
                for byte in text[begin:end].encode():
                    value ^= byte if byte < 128 else byte | 0xFFFFFF00
                    value = value * 16777619 % 2**32
                found.append(value % bucket)
    return found


def vector_of(word, words, matrix, *, minn, maxn, bucket, rows=None):
    """`FastText::getWordVector`; `rows` maps the buckets that pruning left to their rows."""
    picked = [words.index(word)] if word in words else []
    if word != "</s>":
        for place in buckets_of(word, minn, maxn, bucket):
            if rows is None:
                picked.append(len(words) + place)
            elif place in rows:
                picked.append(len(words) + rows[place])
    return matrix[picked].astype(np.float64).mean(axis=0) if picked else np.zeros(matrix.shape[1])
