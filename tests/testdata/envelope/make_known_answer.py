#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes known_answer.json: one envelope, made from docs/formats/envelope.md alone.

It shares no code with src/: hashlib does the hashing and libsodium, called directly, the rest. Keys
are hashes of their names, so that a second run writes the same bytes.
"""

import ctypes
import ctypes.util
import hashlib
import json
import pathlib
import struct

sodium = ctypes.CDLL(ctypes.util.find_library("sodium"))
assert sodium.sodium_init() >= 0


def call(name, size, *args):
    out = ctypes.create_string_buffer(size)
    assert getattr(sodium, name)(out, *args) == 0, name
    return out.raw


def blake2b(*parts):
    return hashlib.blake2b(b"".join(parts), digest_size=32).digest()


def named(name):
    return blake2b(b"muster test key: ", name.encode())


def scalar(name):
    wide = hashlib.blake2b(b"muster test scalar: " + name.encode()).digest()
    out = ctypes.create_string_buffer(32)
    sodium.crypto_core_ristretto255_scalar_reduce(out, wide)
    return out.raw


def base(k):
    return call("crypto_scalarmult_ristretto255_base", 32, k)


def times(k, point):
    return call("crypto_scalarmult_ristretto255", 32, k, point)


def x25519(k):
    return call("crypto_scalarmult_base", 32, k)


def seal(key, nonce, aad, text):
    out = ctypes.create_string_buffer(len(text) + 16)
    size = ctypes.c_ulonglong()
    assert 0 == sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
        out, ctypes.byref(size), text, ctypes.c_ulonglong(len(text)), aad,
        ctypes.c_ulonglong(len(aad)), None, nonce, key)
    return out.raw


def sign(seed, message):
    public = ctypes.create_string_buffer(32)
    secret = ctypes.create_string_buffer(64)
    assert sodium.crypto_sign_seed_keypair(public, secret, seed) == 0
    out = ctypes.create_string_buffer(64)
    assert 0 == sodium.crypto_sign_detached(out, None, message, ctypes.c_ulonglong(len(message)), secret)
    return public.raw, out.raw


def root(entries):
    if len(entries) == 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest()
    half = 1
    while 2 * half < len(entries):
        half *= 2
    return hashlib.sha256(b"\x01" + root(entries[:half]) + root(entries[half:])).digest()


CLASSES = [128, 192, 256, 384, 512, 1024, 2048, 4096]
EMAIL, FIRST_NAME, TAGS = 1, 3, 26
SUBSCRIBED = 1


def record(row, size):
    """An encoded contact record of exactly `size` bytes."""
    fields = [(EMAIL, b"person%d@example.org" % row), (FIRST_NAME, "Zoë".encode())]
    body = b"".join(struct.pack("<BH", f, len(t)) + t for f, t in fields)
    head = struct.pack("<BIBB", 1, row, 0, SUBSCRIBED)
    left = size - len(head) - len(body) - 3
    return head + body + struct.pack("<BH", TAGS, left) + b"t" * left


def pad(text):
    size = next(c for c in CLASSES if len(text) < c)
    return text + b"\x80" + b"\0" * (size - len(text) - 1)


dek, v, m, r = named("dek"), scalar("v"), scalar("m"), scalar("r")
seed, intake, ephemeral = named("uploader"), named("intake"), named("ephemeral")
V, M, R = base(v), base(m), base(r)
ids = {name: named(name)[:size] for name, size in
       [("consortium", 16), ("member", 8), ("upload", 8), ("uploader_id", 8)]}
numbers = {"sequence": 7, "first_row": 1001, "last_row": 1009, "record_count": 5,
           "create_time": 1795315260}
# One byte short of a class, exactly a class, and some from the middle of larger ones.
records = [record(row, size) for row, size in
           [(1001, 90), (1002, 127), (1003, 128), (1005, 511), (1009, 700)]]

header = (struct.pack("<BB", 2, 1) + ids["consortium"] + ids["member"] + ids["upload"]
          + ids["uploader_id"]
          + struct.pack("<IIIIq", *(numbers[k] for k in
                                    ("sequence", "first_row", "last_row", "record_count", "create_time")))
          + blake2b(b"muster/dek/v1", dek) + x25519(intake) + V + M + named("canary"))
assert len(header) == 226

holding_key = blake2b(b"muster/holding/v1", times(r, V), times(r, M), R, V, M, blake2b(header))
holding_wrap = R + seal(holding_key, bytes(24), b"", dek)

context = b"muster/intake-wrap/v1" + blake2b(header)
shared = call("crypto_scalarmult", 32, ephemeral, x25519(intake))
box_key = blake2b(b"muster/box/v1", shared, x25519(ephemeral), x25519(intake), blake2b(context))
intake_wrap = x25519(ephemeral) + seal(box_key, bytes(24), context, dek)

sealed = [seal(dek, struct.pack("<Q", i) + bytes(16), blake2b(header) + struct.pack("<I", i), pad(text))
          for i, text in enumerate(records)]
signed_part = header + holding_wrap + root(sealed)
uploader, signature = sign(seed, b"muster/batch/v1\n" + signed_part)
envelope = (b"MSTRBAT1" + signed_part + signature + struct.pack("<H", len(intake_wrap)) + intake_wrap
            + b"".join(struct.pack("<H", len(c)) + c for c in sealed))

answer = {
    "about": "One envelope by make_known_answer.py; all byte strings in hex, all keys for tests only.",
    "keys": {"dek": dek, "v": v, "m": m, "r": r, "uploader_seed": seed, "uploader": uploader,
             "intake": intake},
    "ids": ids,
    "numbers": numbers,
    "canary": named("canary"),
    "records": records,
    "header": header,
    "holding_key": holding_key,
    "holding_wrap": holding_wrap,
    "holding_partial": times(m, R),
    "intake_wrap": intake_wrap,
    "root": root(sealed),
    "signature": signature,
    "envelope": envelope,
}
path = pathlib.Path(__file__).with_name("known_answer.json")
path.write_text(json.dumps(answer, indent=1, default=bytes.hex) + "\n")
