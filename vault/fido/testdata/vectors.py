#!/usr/bin/env python3
"""Opens vectors.json from FORMAT.md alone, with python3-cryptography and HPKE
written out (RFC 9180), and prints the numbers of PIN protocol two that
vectors_test.go has. Run by hand: python3 testdata/vectors.py"""
import hashlib, hmac, json, os
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

def extract(salt, ikm): return hmac.digest(salt or bytes(32), ikm, "sha256")
def expand(prk, info, n):
    out, block, i = b"", b"", 1
    while len(out) < n:
        block = hmac.digest(prk, block + info + bytes([i]), "sha256"); out += block; i += 1
    return out[:n]
def hkdf(ikm, salt, info, n=32): return expand(extract(salt, ikm), info, n)

KEM = b"KEM" + (0x20).to_bytes(2, "big")
SUITE = b"HPKE" + b"".join(n.to_bytes(2, "big") for n in (0x20, 1, 2))
def lextract(suite, salt, label, ikm): return extract(salt, b"HPKE-v1" + suite + label + ikm)
def lexpand(suite, prk, label, info, n): return expand(prk, n.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info, n)
def raw(public): return public.public_bytes(Encoding.Raw, PublicFormat.Raw)

def tlv(b):
    n, at = b[1], 2
    if n & 0x80:
        k = n & 0x7f; n, at = int.from_bytes(b[2:2 + k], "big"), 2 + k
    return b[at:at + n], b[at + n:]
def fields(b):
    out = []
    while b:
        v, b = tlv(b); out.append(v)
    return out

v = json.load(open(os.path.join(os.path.dirname(__file__), "vectors.json")))
h = bytes.fromhex
body, rest = tlv(h(v["record"])); assert not rest
version, rp, cache, generation, slots = fields(body)
n = int.from_bytes(generation, "big").to_bytes(8, "big")
sid, label, credential, salt, verified, public, wrapped = fields(fields(slots)[0])
assert (version, rp, label) == (b"\x01", b"cache.tideover.invalid", b"blue")

ikm = hkdf(h(v["output"]), salt, b"tideover/fido/slot/v1" + sid)
secret = lexpand(KEM, lextract(KEM, b"", b"dkp_prk", ikm), b"sk", b"", 32)
private = x25519.X25519PrivateKey.from_private_bytes(secret)
assert raw(private.public_key()) == public
enc, box = wrapped[:32], wrapped[32:]
dh = private.exchange(x25519.X25519PublicKey.from_public_bytes(enc))
shared = lexpand(KEM, lextract(KEM, b"", b"eae_prk", dh), b"shared_secret", enc + public, 32)
context = b"\0" + lextract(SUITE, b"", b"psk_id_hash", b"") + lextract(SUITE, b"", b"info_hash", b"tideover/fido/wrap/v1")
schedule = lextract(SUITE, shared, b"secret", b"")
key, nonce = lexpand(SUITE, schedule, b"key", context, 32), lexpand(SUITE, schedule, b"base_nonce", context, 12)
sha = lambda b: hashlib.sha256(b).digest()
aad = cache + n + sid + (b"\1" if verified == b"\xff" else b"\0") + salt + sha(rp) + sha(credential)
factor = AESGCM(key).decrypt(nonce, box, aad)
assert factor == h(v["factor"])
assert hkdf(h(v["machine"]) + factor, cache + n, b"tideover/fido/mix/v1") == h(v["mixed"])
print("vectors.json opens")

own = ec.derive_private_key(0x7452E599FEE739D8A653F6A507343D12D382249108A651402520B72F24FE7684, ec.SECP256R1())
peer = ec.EllipticCurvePublicNumbers(
    0x0501D5BC78DA9252560A26CB08FCC60CBE0B6D3B8E1D1FCEE514FAC0AF675168,
    0xD551B3ED46F665731F95B4532939C25D91DB7EB844BD96D4ABD4083785F8DF47, ec.SECP256R1()).public_key()
z = own.exchange(ec.ECDH(), peer)
assert sha(z) == h("c42a039d548100dfba521e487debcbbb8b66bb7496f8b1862a7a395ed83e1a1c")
mac, aes = hkdf(z, bytes(32), b"CTAP2 HMAC key"), hkdf(z, bytes(32), b"CTAP2 AES key")
iv = bytes(range(16))
e = Cipher(algorithms.AES(aes), modes.CBC(iv)).encryptor()
print("HMAC", mac.hex()); print("AES", aes.hex())
print("sealed", (iv + e.update(b"0123456789abcdef0123456789abcdef") + e.finalize()).hex())
