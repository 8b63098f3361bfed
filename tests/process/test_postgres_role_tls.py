"""A database on another host, as far as one machine can show it: TLS with the certificate verified, or no session."""

from __future__ import annotations

import datetime as dt
import os

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from world.ports import four_free_ports
from world.postgres import USER, program_folders
from world.postgres_leases import DATABASE, GROUP, Executor, Shop, login, logs_in

from magistrate.errors import Unavailable

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("postgres-role")]


def certificate(name):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, hashes.SHA256())
    )  # fmt: skip
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return made.public_bytes(Encoding.PEM), private


@pytest.fixture
def served(monkeypatch):
    made = Shop(next(reversed(program_folders()), None))
    try:
        folder, port = made.server.folder / "data", four_free_ports()
        public, private = certificate("localhost")
        for name, content in (("server.crt", public), ("server.key", private)):
            (folder / name).write_bytes(content)
            (folder / name).chmod(0o600)
            os.chown(folder / name, folder.stat().st_uid, folder.stat().st_gid)
        (folder / "pg_hba.conf").write_text(f"local all {USER} trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n")
        for statement in ("ssl = on", "listen_addresses = '127.0.0.1'", f"port = {port}"):
            made.sql(f"alter system set {statement}")
        made.server.stop()
        monkeypatch.setenv("PGPORT", str(port))
        made.server.start()
        (made.server.folder / "right.crt").write_bytes(public)
        (made.server.folder / "wrong.crt").write_bytes(certificate("localhost")[0])
        yield made, port
    finally:
        made.server.remove()


@pytest.mark.requirement("R52", "R53")
def test_a_lease_lives_and_dies_over_tls_with_the_certificate_verified(served, tmp_path):
    shop, port = served
    where = {"host": "localhost", "port": port, "sslmode": "verify-full"}
    executor = Executor(shop, tmp_path, **where, sslrootcert=shop.server.folder / "right.crt").open()
    with executor.hands.lease(executor.act()) as credential, login(credential) as link:
        assert shop.sql(
            "select ssl from pg_stat_ssl join pg_stat_activity using (pid) where usename like 'lease%%'"
        ) == [(True,)]
        assert link.execute("select current_user, current_database()").fetchone() == (GROUP, DATABASE)
    assert not logs_in(credential)
    assert shop.roles() == []
    executor.close()
    for change in ({"sslrootcert": shop.server.folder / "wrong.crt"}, {"host": "127.0.0.1"}):
        given = {**where, "sslrootcert": shop.server.folder / "right.crt", **change}
        with pytest.raises(Unavailable) as caught:
            Executor(shop, tmp_path, **given).mint()
        assert caught.value.code == "MAG-E413"
    assert shop.roles() == []
