"""Do tests that share what is dear, a browser or an environment with everything installed, run in one process?"""

from __future__ import annotations

import os

import pytest


@pytest.mark.xdist_group("dear")
def test_the_name_of_a_test_says_its_group_by_which_it_finds_its_process(request: pytest.FixtureRequest) -> None:
    assert "PYTEST_XDIST_WORKER" not in os.environ or request.node.nodeid.endswith("@dear")
