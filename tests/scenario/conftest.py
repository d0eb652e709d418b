"""Fixtures, progress and the last line of the scenarios. SPDX-License-Identifier: ISC"""
import os
import shutil
import subprocess
import sys
import time

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import house as house_module  # noqa: E402


@pytest.fixture
def house():
    """A newsroom of one's own for a test that breaks things."""
    with house_module.House() as one:
        yield one


@pytest.fixture(scope="module")
def shared_house():
    """One newsroom for all the tests of a file."""
    with house_module.House() as one:
        yield one


@pytest.fixture(scope="session")
def demo_newsroom():
    """The demo's newsroom, for tests that only read: importing its photographs takes long enough to do it once."""
    with house_module.House() as one:
        folder = os.path.join(one.folder, "import")
        subprocess.run([os.path.join(house_module.ROOT, "demo", "photos"), folder], check=True)
        one.mimeo("story", "import", folder, timeout=300)
        yield one


class Browsers:
    """Browsers by their traits, started when first asked for."""

    def __init__(self):
        self.open = {}

    def __call__(self, **traits):
        key = tuple(sorted(traits.items()))
        if key not in self.open:
            self.open[key] = house_module.browser(**traits)
        return self.open[key]

    def close(self):
        for driver in self.open.values():
            driver.quit()
            shutil.rmtree(driver.mimeo_profile, ignore_errors=True)
        self.open = {}


@pytest.fixture(scope="session")
def browsers():
    all_of_them = Browsers()
    yield all_of_them
    all_of_them.close()


# --- the long files first, so that none of them is left for one worker at the end -------------------------------------------------------

LONG = ("test_year", "test_flows", "test_site", "test_slot", "test_newsroom", "test_composer", "test_editor", "test_subscribers", "test_photos", "test_subscriber")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: LONG.index(item.path.stem) if item.path.stem in LONG else len(LONG))


# --- one line a scenario, and "N passed, N failed" at the end -------------------------------------------------------------------------

_began = {}
_counts = {"passed": 0, "failed": 0, "skipped": 0}


def is_worker():
    return "PYTEST_XDIST_WORKER" in os.environ


def pytest_runtest_logstart(nodeid, location):
    _began[nodeid] = time.monotonic()


def pytest_report_teststatus(report, config):
    return report.outcome, "", ""


def pytest_runtest_logreport(report):
    if is_worker():
        return  # the one who shares out the work says it
    if report.when == "call" or report.outcome != "passed":
        if report.when == "teardown" and report.outcome == "passed":
            return
        _counts[report.outcome] += 1
        name = report.nodeid.split("::", 1)[-1].replace("test_", "", 1).replace("_", " ")
        mark = {"passed": "  ok", "failed": "FAIL", "skipped": "skip"}[report.outcome]
        why = ""
        if report.outcome == "skipped" and isinstance(report.longrepr, tuple):
            why = ": " + report.longrepr[2].replace("Skipped: ", "")
        sys.__stdout__.write("%s %s: %s%s (%.1f s)\n" % (mark, os.path.basename(report.nodeid.split("::")[0])[5:-3], name, why,
                                                          time.monotonic() - _began.get(report.nodeid, time.monotonic())))
        sys.__stdout__.flush()


def pytest_unconfigure(config):
    if is_worker():
        return
    if _counts["skipped"]:
        sys.__stdout__.write("%d skipped\n" % _counts["skipped"])
    sys.__stdout__.write("%(passed)d passed, %(failed)d failed\n" % _counts)
    sys.__stdout__.flush()
