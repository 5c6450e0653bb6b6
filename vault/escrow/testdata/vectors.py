#!/usr/bin/env python3
"""Opens vectors.json from FORMAT.md alone, with python3-cryptography and HPKE
written out (RFC 9180). Run by hand: python3 testdata/vectors.py"""
import hmac, json, os
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_private_key

def extract(salt, ikm): return hmac.digest(salt or bytes(32), ikm, "sha256")
def expand(prk, info, n):
    out, block, i = b"", b"", 1
    while len(out) < n:
        block = hmac.digest(prk, block + info + bytes([i]), "sha256"); out += block; i += 1
    return out[:n]

KEM = b"KEM" + (0x10).to_bytes(2, "big")
SUITE = b"HPKE" + b"".join(n.to_bytes(2, "big") for n in (0x10, 1, 2))
def lextract(suite, salt, label, ikm): return extract(salt, b"HPKE-v1" + suite + label + ikm)
def lexpand(suite, prk, label, info, n): return expand(prk, n.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info, n)

v = json.load(open(os.path.join(os.path.dirname(__file__), "vectors.json")))
h = bytes.fromhex
key = load_der_private_key(h(v["key"]), None)
public = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
enc, box = h(v["wrapped"])[:65], h(v["wrapped"])[65:]
dh = key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), enc))
shared = lexpand(KEM, lextract(KEM, b"", b"eae_prk", dh), b"shared_secret", enc + public, 32)
context = b"\0" + lextract(SUITE, b"", b"psk_id_hash", b"") + lextract(SUITE, b"", b"info_hash", b"tideover/escrow/v1")
schedule = lextract(SUITE, shared, b"secret", b"")
k, nonce = lexpand(SUITE, schedule, b"key", context, 32), lexpand(SUITE, schedule, b"base_nonce", context, 12)
aad = h(v["device"]) + h(v["cache"]) + v["generation"].to_bytes(8, "big") + h(v["record"]) + h(v["user"])
assert AESGCM(k).decrypt(nonce, box, aad) == h(v["secret"])
print("vectors.json opens")
