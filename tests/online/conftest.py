"""A Redis server of the tests' own."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import redis

from tests.redis_server import NoServerError, redis_server


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with ExitStack() as stack:
        try:
            url = stack.enter_context(redis_server())
        except NoServerError as error:
            pytest.skip(str(error))
        yield url


@pytest.fixture
def client(server: str) -> Iterator[Any]:
    with redis.Redis.from_url(server) as client:
        client.flushall()
        yield client


@pytest.fixture
def url(server: str, client: Any) -> str:
    """Return the URL of the server, which holds nothing yet."""
    return server
