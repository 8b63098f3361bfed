"""A registry of packages on loopback: keeps releases, and tells of them as PyPI, npm, crates.io and a Go proxy do.

It is held to the published forms: PyPI's JSON API and PEP 691/700/740, npm's registry API, crates.io's web API and the
GOPROXY protocol. Real registries are not asked in tests.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final
from urllib.parse import unquote

PARTS_OF_INFO: Final = "/@v/"


@dataclass(kw_only=True)
class Published:
    """One release as its publisher made it."""

    time: str
    by: str = ""
    attested: bool = False
    script: bool = False
    withdrawn: bool = False


@dataclass(kw_only=True)
class RegistryWorld:
    """Releases by package; `asked` are the paths that came."""

    packages: dict[str, dict[str, Published]] = field(default_factory=dict)
    broken: str = ""
    asked: list[str] = field(default_factory=list)
    address: str = ""

    def publish(self, package: str, version: str, time: str, **more: Any) -> None:
        """A release comes; the same version twice is refused, as everywhere."""
        releases = self.packages.setdefault(package, {})
        assert version not in releases, f"{package} {version} exists"
        releases[version] = Published(time=time, **more)

    def answer(self, path: str) -> object | None:
        """The document at a path, or None."""
        plain = unquote(path)
        if PARTS_OF_INFO in plain:
            return self._go(plain)
        if plain.startswith("/pypi/"):
            return self._pypi(plain.split("/")[2])
        if plain.startswith("/simple/"):
            return self._simple(plain.split("/")[2])
        if plain.startswith("/api/v1/crates/"):
            return self._crate(plain.rpartition("/")[2])
        return self._npm(plain.removeprefix("/"))

    def _go(self, plain: str) -> object | None:
        module, _, rest = plain.removeprefix("/").partition(PARTS_OF_INFO)
        version = rest.removesuffix(".info")
        one = self.packages.get(module, {}).get(version)
        return None if one is None else {"Version": version, "Time": one.time}

    def _pypi(self, name: str) -> object | None:
        releases = self.packages.get(name)
        if releases is None:
            return None
        files = {
            version: [
                {
                    "filename": f"{name}-{version}.tar.gz",
                    "upload_time_iso_8601": one.time.replace("Z", ".123456Z"),
                    "yanked": one.withdrawn,
                }
            ]
            for version, one in releases.items()
        }
        return {"info": {"name": name}, "releases": files}

    def _simple(self, name: str) -> object | None:
        releases = self.packages.get(name)
        if releases is None:
            return None
        where = f"{self.address}/integrity/{name}"
        files = [
            {
                "filename": f"{name}-{version}.tar.gz",
                "provenance": f"{where}/{version}/provenance" if one.attested else None,
                "yanked": one.withdrawn,
            }
            for version, one in releases.items()
        ]
        return {"meta": {"api-version": "1.4"}, "name": name, "versions": list(releases), "files": files}

    def _crate(self, name: str) -> object | None:
        releases = self.packages.get(name)
        if releases is None:
            return None
        return {
            "versions": [
                {
                    "num": version,
                    "created_at": one.time.replace("Z", ".5+00:00"),
                    "yanked": one.withdrawn,
                    "published_by": {"login": one.by} if one.by else None,
                    "trustpub_data": {"provider": "github", "repository": f"{name}/{name}"} if one.attested else None,
                }
                for version, one in releases.items()
            ]
        }

    def _npm(self, name: str) -> object | None:
        releases = self.packages.get(name)
        if releases is None:
            return None
        versions = {
            version: {
                "name": name,
                "version": version,
                "dist": {"tarball": "x", **({"attestations": {"url": "x"}} if one.attested else {})},
                **({"_npmUser": {"name": one.by}} if one.by else {}),
                **({"scripts": {"postinstall": "node x.js"}} if one.script else {"scripts": {"test": "x"}}),
                **({"deprecated": "taken back"} if one.withdrawn else {}),
            }
            for version, one in releases.items()
        }
        times = {version: one.time.replace("Z", ".000Z") for version, one in releases.items()}
        return {"name": name, "versions": versions, "time": {"created": "2010-01-01T00:00:00.000Z", **times}}


@contextmanager
def registry() -> Iterator[RegistryWorld]:
    """A registry that answers on a port of its own until the end."""
    world = RegistryWorld()

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name that the standard library calls
            world.asked.append(self.path)
            found = world.answer(self.path)
            content = world.broken.encode() or json.dumps(found).encode()
            self.send_response(200 if world.broken or found is not None else 404)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Tests print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        world.address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield world
        finally:
            server.shutdown()
            thread.join()
