"""Mints a Postern link: POSTERN_TOKEN_KEY=… mint.py KEY_ID HOST SCOPE REGION LIFETIME_S once|many [CUSTOMER_REF]"""
import base64, hmac, os, secrets, struct, sys, time

def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

def subject_of(subject_key, customer_ref):
    return hmac.digest(subject_key, customer_ref.encode(), "sha256")[:12]

def mint(token_key, key_id, host, scope, region, lifetime_s, single_use, subject=b""):
    version_and_flags = 1 << 4 | (2 if subject else 0) | (1 if single_use else 0)
    expires = int(time.time()) + lifetime_s
    signed = struct.pack(">BBIHB", version_and_flags, key_id, expires, scope, region)
    signed += secrets.token_bytes(12) + subject
    mac = hmac.digest(token_key, b"postern/token/v1" + host.encode() + signed, "sha256")
    return base64.urlsafe_b64encode(signed + mac[:16]).rstrip(b"=").decode()

if __name__ == "__main__":
    key_id, host, scope, region, lifetime_s, usage, *customer_ref = sys.argv[1:]
    subject = subject_of(decode(os.environ["POSTERN_SUBJECT_KEY"]), customer_ref[0]) if customer_ref else b""
    token_key = decode(os.environ["POSTERN_TOKEN_KEY"])
    token = mint(token_key, int(key_id), host, int(scope), int(region), int(lifetime_s), usage == "once", subject)
    print(f"https://{host}/l/{token}")
