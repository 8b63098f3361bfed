"""A secret that opens one PostgreSQL database by one of two logins, in turn: a new value for the one, an end for the other.

Rule kept (R54, R50): the new value is told to the server as its SCRAM verifier only. Who sets and ends a login is the role of a
lease, through the two functions that the owner of the database made for exactly these two logins (docs/rotate.md); the
issuing role only looks, and neither of them can log in as the application.
"""

from __future__ import annotations

from typing import Final

from magistrate.errors import Refused, Unavailable, Usage
from magistrate.executor.credentials.postgres_names import role_of
from magistrate.executor.credentials.postgres_place import PostgresPlace
from magistrate.executor.credentials.postgres_role import PostgresRoles
from magistrate.executor.ports import Clock, Credential, NewSecret, Seen
from magistrate.executor.postgres_driver import driver, said
from magistrate.executor.rotations import Logins

END_SECONDS: Final = 5.0
POLL_SECONDS: Final = 0.01
_LOGINS: Final = (
    "select r.rolname, r.rolcanlogin, r.rolsuper, (select count(*) from pg_stat_activity where usesysid = r.oid)"
    " from pg_roles r where r.rolname = any(%s)"
)
_SESSIONS: Final = (
    "select count(*) from pg_stat_activity where usesysid = (select oid from pg_roles where rolname = %s)"
)
_RENEW: Final = "select magistrate.renew_login(%s, %s)"
_END: Final = "select magistrate.end_login(%s)"


class PostgresLogins:
    """The two logins of a secret in one database. `mint` makes the role that changes them, a new one for each lease.

    Raises:
        Usage: MAG-E412 when the settings name no two logins.
    """

    def __init__(self, place: PostgresPlace, logins: tuple[str, ...], roles: PostgresRoles, clock: Clock) -> None:
        taken = {place.issuer, place.group}
        if len(set(logins)) != 2 or len(logins) != 2 or taken & set(logins) or not all(logins):  # noqa: PLR2004  a pair
            raise Usage(
                "MAG-E412", f"settings of a PostgreSQL database: `logins` of `{place.system}` are two roles of the application",
                hint="see docs/rotate.md",
            )  # fmt: skip
        self._place = place
        self._names = (logins[0], logins[1])
        self._clock = clock
        self.mint = roles

    def logins(self) -> Logins:
        """Which of the two the server lets in, and the sessions of each, looked up by the issuing role.

        Raises:
            Refused: MAG-E405 when one of them is not there or is a superuser, MAG-E410 as any session of the issuing role.
            Unavailable: MAG-E413, MAG-E414.
        """
        with self._place.session() as link:
            found = link.execute(_LOGINS, (list(self._names),)).fetchall()
        if len(found) != len(self._names) or any(superuser for _, _, superuser, _ in found):
            raise Refused(
                "MAG-E405", f"`{self._place.system}` has not both logins `{self._names[0]}` and `{self._names[1]}`, or one is superuser"
            )  # fmt: skip
        return Logins(
            names=self._names, open=frozenset(name for name, lets_in, _, _ in found if lets_in),
            sessions={name: sessions for name, _, _, sessions in found},
        )  # fmt: skip

    def renew(self, credential: Credential, secret: NewSecret) -> None:
        """Let the login in with this value and no other; the server is told its verifier.

        Raises:
            Refused: MAG-E405 when the server forbids it.
            Unavailable: MAG-E413; the login has the old value or the new one.
        """
        self._call(credential, _RENEW, secret)

    def end(self, credential: Credential, login: str) -> None:
        """Let the login in no more, and wait until its last session is gone.

        Raises:
            Refused: MAG-E405 when the server forbids it.
            Unavailable: MAG-E413 when a session does not end.
        """
        self._call(credential, _END, NewSecret(login=login, password=""))
        deadline = self._clock.monotonic() + END_SECONDS
        while True:
            with self._place.session() as link:
                row = link.execute(_SESSIONS, (login,)).fetchone()
            if row == (0,):
                return
            if self._clock.monotonic() > deadline:
                raise Unavailable("MAG-E413", f"a session of `{login}` at `{self._place.system}` does not end")
            self._clock.sleep(POLL_SECONDS)

    def opens(self, secret: NewSecret) -> Seen:
        """Try to log in with a value, on a connection of its own; held when the server let it in.

        Raises:
            Unavailable: MAG-E413 when the server does not answer, so that it refused nobody.
        """
        pg = driver()
        try:
            with pg.connect(self._place.address(secret.login), password=secret.password):
                return Seen(held=True, seen="let in")
        except pg.Error as error:
            answer = said(error, secret.password)
        with self._place.session() as link:
            link.execute("select 1")
        return Seen(held=False, seen=f"refused: {answer}")

    def _call(self, credential: Credential, function: str, secret: NewSecret) -> None:
        pg = driver()
        with self._place.lent(role_of(credential.lease), credential.token) as link:
            values = [secret.login]
            if secret.password:
                made = link.pgconn.encrypt_password(secret.password.encode(), secret.login.encode(), b"scram-sha-256")
                values.append(made.decode())
            try:
                link.execute(function.encode(), values)
            except pg.Error as error:
                state = getattr(error, "sqlstate", None) or "08"
                if state[:2] in {"08", "53", "57", "58", "XX"}:
                    raise
                raise Refused(
                    "MAG-E405", f"`{self._place.system}` forbids it: {said(error, credential.token)}", hint="docs/rotate.md has the functions"
                ) from error  # fmt: skip
