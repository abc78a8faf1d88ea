"""The made-up city that tests of the simulation share."""

import pytest
from town import Town

from yibao.cli.sample import write_city
from yibao.macro.simulation.scalar import read_small
from yibao.policy.policy import load_policy


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    persons, claims = write_city(tmp_path_factory.mktemp("town"), "tianjin", 600)
    policy = load_policy("tianjin")
    return Town(read_small(policy, [claims], [persons]), policy)
