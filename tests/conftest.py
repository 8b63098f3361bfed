"""The ground every test stands on: a clean environment, known markers, no unexplained skip."""

from __future__ import annotations

import functools
import os
import re
import tomllib
from collections.abc import Generator
from pathlib import Path

import pytest
from clean import CLEAN
from httpx._transports import default
from hypothesis import settings

REQUIREMENTS = 85
ALLOWED_SKIPS = Path(__file__).with_name("allowed_skips.toml")
KEPT = {"MAGISTRATE_TEST_DATA"}


def pytest_configure(config: pytest.Config) -> None:
    """No test sees the settings, the home, the agents or the git configuration of its user."""
    for name in list(os.environ):
        if name.startswith(("MAGISTRATE_", "GIT_")) and name not in KEPT:
            del os.environ[name]
    os.environ.pop("SSH_AUTH_SOCK", None)
    os.environ.update(CLEAN)
    os.environ["MAGISTRATE_HOME"] = "/nonexistent/magistrate-home"
    # One set of roots for every client of a run: reading them again takes 20 ms of each request over plain HTTP.
    default.create_ssl_context = functools.cache(default.create_ssl_context)  # type: ignore[attr-defined]  # where httpx asks
    settings.register_profile("untimed", deadline=None)  # a busy machine refutes no property
    settings.load_profile("untimed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A requirement marker names requirements that exist."""
    for item in items:
        for mark in item.iter_markers("requirement"):
            if not mark.args or not all(_is_requirement(name) for name in mark.args):
                raise pytest.UsageError(f"{item.nodeid}: no such requirement: {mark.args}")


def _is_requirement(name: object) -> bool:
    found = re.fullmatch(r"R([1-9]\d?)", name) if isinstance(name, str) else None
    return found is not None and int(found[1]) <= REQUIREMENTS


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With REQUIRE_ALL=1, turn an unexplained skip into a failure (runs in each worker)."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail"):
        _require(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a module that skips itself while it is collected."""
    report = yield
    if report.skipped:
        _require(report)
    return report


def _require(report: pytest.TestReport | pytest.CollectReport) -> None:
    reason = _reason(report)
    if os.environ.get("REQUIRE_ALL") != "1" or reason.startswith(allowed_reasons()):
        return
    report.outcome = "failed"
    report.longrepr = f"skipped, and REQUIRE_ALL=1 allows no such skip: {reason}"


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    found = report.longrepr
    text = found[2] if isinstance(found, tuple) else str(found)
    return text.removeprefix("Skipped: ")


def allowed_reasons() -> tuple[str, ...]:
    """The beginnings of the reasons that are accounted for; none may be empty."""
    listed = tomllib.loads(ALLOWED_SKIPS.read_text())["skip"]
    if not all(entry["starts"].strip() and entry["why"].strip() for entry in listed):
        raise pytest.UsageError(f"{ALLOWED_SKIPS.name}: every skip needs `starts` and `why`")
    return tuple(entry["starts"] for entry in listed)
