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


def end(driver):
    driver.quit()
    shutil.rmtree(driver.mimeo_profile, ignore_errors=True)


class Browsers:
    """Browsers by their traits, started when first asked for."""

    def __init__(self):
        self.open = {}
        self.free = {}

    def __call__(self, **traits):
        key = tuple(sorted(traits.items()))
        if key not in self.open:
            self.open[key] = house_module.browser(**traits)
        return self.open[key]

    def lend(self, **traits):
        """One that nobody else has, and that knows nothing of who had it before."""
        free = self.free.get(tuple(sorted(traits.items())), [])
        driver = free.pop() if free else house_module.browser(**traits)
        driver.mimeo_traits = traits
        return driver

    def take_back(self, driver):
        """Starting one takes seconds: those of the usual kinds are kept, once nothing is left in them."""
        if set(driver.mimeo_traits) <= {"nojs"} and house_module.is_wiped(driver):
            self.free.setdefault(tuple(sorted(driver.mimeo_traits.items())), []).append(driver)
        else:
            end(driver)

    def let_go(self):
        for driver in [one for kind in self.free.values() for one in kind]:
            end(driver)
        self.free = {}

    def close(self):
        self.let_go()
        for driver in self.open.values():
            end(driver)
        self.open = {}


@pytest.fixture(scope="session")
def browsers():
    all_of_them = Browsers()
    yield all_of_them
    all_of_them.close()


# --- the long files first, so that none of them is left for one worker at the end -------------------------------------------------------

LONG = ("test_year", "test_site", "test_looks", "test_story", "test_composer", "test_editor", "test_flows", "test_slot", "test_readers", "test_newsroom", "test_letters",
        "test_canary", "test_subscribers", "test_monero", "test_rails", "test_photos", "test_subscriber")
OF_THE_DEMO = ("test_site.py", "test_looks.py", "test_story.py")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: LONG.index(item.path.stem) if item.path.stem in LONG else len(LONG))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """A file is one worker's, and so is all that reads the demo's newsroom: importing its photographs takes long enough to do it once."""
    from xdist.scheduler import LoadScopeScheduling

    class ByNewsroom(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file = os.path.basename(nodeid.split("::")[0])
            return "the demo's" if file in OF_THE_DEMO or "the_demo_issue" in nodeid else file

    return ByNewsroom(config, log)


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
