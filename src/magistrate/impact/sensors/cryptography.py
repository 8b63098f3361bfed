"""Cryptography and transport security: algorithms, keys, randomness, certificates, and connections without them."""

from __future__ import annotations

from typing import Final

from magistrate.domain.impact import ChangeClass
from magistrate.impact.base import ChangedFile
from magistrate.impact.compiled import rx
from magistrate.impact.screening import may_match
from magistrate.impact.sensing import RuleSensor, declares_resource, rule
from magistrate.impact.vocabulary import vocabulary

PRIMITIVES: Final = """
    md2 md4 md5 md5sum md5file sha sha1 sha2 sha3 sha224 sha256 sha384 sha512 sha512digest ripemd ripemd160 blake2b blake2s blake3 hashlib messagedigest digestutils
    digest hexdigest hmac cipher ciphers ciphersuite ciphersuites decipher createcipher createcipheriv createdecipheriv createhash des des3 tripledes desede blowfish
    rc2 rc4 arc2 arc4 cast5 aes aesccm aesgcm gcm gcmparameterspec cbc ecb cfb chacha20 poly1305 nonce salt salted pbkdf2 bcrypt
    scrypt argon2 hashids rsa dsa ecdsa eddsa ecdh ed25519 x25519 curve25519 secp256k1 secp256r1 secp192r1 pkcs1 pkcs7 pkcs8 pkcs12 oaep pss
    generateprivatekey privatekey publickey keysize keylength keygenerator keypair keypairgenerator keystore keyring secretkeyspec
    keyrotation encrypt encrypts encrypted encrypting encryption encryptionkey encryptionkeyid encryptor decrypt decrypts decrypted decryption unencrypted kms kmskey kmskeyid
    cmk crypto cryptography cryptokey cryptokeyname pycrypto pycryptodome nacl libsodium openssl bouncycastle nullcipher hashing hashed passwordhash
    diskencryptionset customermanagedkey storagencrypted storageencrypted transitencryption atrest intransit doublencryption sse ssealgorithm
"""
TRANSPORT: Final = """
    ssl sslv2 sslv3 sslcontext sslsocket sslmode sslenforcement sslpolicy sslprotocol sslsession requiressl enforcessl tls tlsv1 tls1 tlsconfig tlsversion mintlsversion minimumtlsversion mtls dtls
    rustls httpsonly httpsredirect supportshttpstrafficonly redirecthttp starttls hsts stricttransport stricttransportsecurity cert certs certificate certificates certfile certpool
    certificatearn acm x509 x509trustmanager truststore trustmanager hostnameverifier verifyhostname checkhostname verifymode verifynone verifypeer insecure
    insecureskipverify rejectunauthorized dangerous dangerclientconfig dangerousclientconfig unsaferenegotiation securitypolicy viewerprotocolpolicy ssh sshv1 telnet telnetlib ftp ftplogin ftpclient ftps sftp ftpsession dialtimeout
    plaintext cleartext httpclient defaulthttpclient resttemplate urlopen urlopener urlretrieve openerdirector grequests sling serversocket listenandserve insecuretransport transportsecurity
"""
CHANCE: Final = """
    random securerandom randombytes mathrandom rand mrand srand urandom randint randrange randbytes getrandbits cryptorand entropy prng csprng uuid4 arc4random
    jwt jwk jwks jws jwe signature signatures signingmethod signingmethodnone signedstring hashedpassword timingsafeequal constanttimecompare constanttime constanttimeeq fixedtimeequals securecompare hashequals comparedigest
    validationcallback certificatevalidationcallback trustall allowall noverify skipverify sslverify tlsskipverify certificatesigningrequest certificatesigningrequests
    tls10 tls11 tls12 tls13 securityprotocol securityprotocoltype passwordencoder passwordencoders initializesecuritycontext ishttpallowed httpallowed allowhttp httpenabled serveforever
"""
WORDS: Final = vocabulary(PRIMITIVES + TRANSPORT + CHANCE)


KEEPING: Final = rx(
    r"(?im)^[^\S\n]*[\"']?kind[\"']?[^\S\n]*:[^\S\n]*[\"']?(?:storageclass|persistentvolume|ingress|gateway|service|kubeletinfo|kubeletconfiguration|encryptionconfiguration|certificate|issuer|clusterissuer)\b|"
    r"\b(?:kube-apiserver|kubelet|etcd)\b"
)
"""Parts of a cluster that keep what they are told, or carry it: with no word of keys or certificates, a default decides."""


def _role(file: ChangedFile) -> str | None:
    if declares_resource(file):
        return "a cloud resource is declared, encrypted or not"
    text, _, _ = file.code_text
    found = may_match(KEEPING, text) and KEEPING.search(text) is not None
    return "a part of a cluster that keeps or carries what others say, encrypted or not" if found else None


SENSOR: Final = RuleSensor(
    name="cryptography",
    kind=ChangeClass.CRYPTOGRAPHY,
    role=_role,
    words=WORDS,
    words_why="names cryptography, transport security or randomness",
    near=WORDS,
    near_why="this stands beside cryptography, transport security or randomness",
    rules=(
        rule(
            r"\bverify\w{0,20}[\"']?\s*(?:=>|[:=])\s*(?:false|0|none)\b|\bbytes\.Equal\(|\bisEqual\(|CERT_NONE|check_hostname|_create_unverified|\b(?:tls|ssl)_|\bverify_mode\b|checkServerTrusted",
            "decides whether a peer is checked",
        ),
        rule(
            r"\b(?:import|from)\s+(?:secrets|random|hashlib|hmac|ssl|cryptography|nacl)\b|getrandbits|secrets\.token|os\.urandom|\bROUNDS\b|iterations|\.random\(",
            "randomness or key strength",
        ),
    ),
    code_rules=(
        rule(
            r"[\"'(]\s*(?:http|ftp|ws|telnet|ldap|smtp|redis|amqp)://(?!localhost|127\.|0\.0\.0\.0|\[?::1|www\.w3\.org|schemas\.|json-schema|xmlns|purl\.org|\s)|\bport\s*[:=]\s*(?:80|21|23)\b|\bhttp\.(?:get|request|post|createserver|new)\b|\buri\.create\(",
            "a connection without encryption",
        ),
        rule(
            r"\bprotocol[\"']?\s{0,4}(?::|=>?)\s{0,4}[\"'\w.]{0,40}\b(?:http|tcp|ftp|telnet|smtp|ldap)\b|protocol\.http\b|^\s*-\s{1,4}[\"']?http://(?!localhost|127\.)",
            "a connection without encryption",
            given="protocol http",
        ),
        rule(
            r"\b(?:0x)?(?:67452301|efcdab89|98badcfe|10325476|c3d2e1f0|6a09e667|bb67ae85|3c6ef372|a54ff53a|428a2f98|d76aa478)u?l?\b",
            "a constant of a digest: cryptography written by hand",
        ),
        rule(
            r"\bnew\s+(?:\w{1,40}\.)?(?:domain|filesystem|volume|stream|databasecluster|databaseinstance|notebookinstance|dbcluster|replicationgroup)\(\s*this\b",
            "what keeps what others say is made, encrypted or not",
            given="new",
        ),
        rule(
            r"\brequests\.(?:get|post|put|patch|delete|head|options|request)\(|\bfetch\(\s*\w|\bdialect[\"']?\s*:",
            "a connection, with or without encryption",
            given="requests fetch dialect",
        ),
        rule(
            r"[\"'\w)\]]\s{0,4}(?:===?|!==?)\s{0,4}\$?\w{0,40}(?:token|secret|signature|passw(?:or)?d|csrf|api_?key)\w{0,20}\b(?!\.length)|\b\w{0,40}(?:token|secret|signature|passw(?:or)?d|csrf|api_?key)(?:\(\))?\s{0,4}(?:===?|!==?)\s{0,4}[\"'\w$]",
            "a secret is compared, in a time that may tell of it",
        ),
        rule(r"\bsetPassword\b|set_password\(", "how a password is kept"),
    ),
)
