"""The laboratory itself: what it leaves behind would be counted against another test."""

import asyncio
import contextlib
import gc
import socket

import pytest

from tests.faultlab import FaultLab


@pytest.mark.parametrize("rounds", range(5))
async def test_a_lab_closed_while_connections_come_in_leaves_none_open(rounds: int):
    lab = FaultLab()
    url = await lab.never_answers()
    port = int(url.rpartition(":")[2].split("/")[0])
    with contextlib.ExitStack() as clients:
        for _ in range(4):
            clients.enter_context(socket.create_connection(("127.0.0.1", port)))
        for _ in range(rounds):
            await asyncio.sleep(0)
        await lab.close()
    kept = [one for one in gc.get_objects() if isinstance(one, asyncio.Transport) and not one.is_closing()]
    assert [one for one in kept if one.get_extra_info("sockname") == ("127.0.0.1", port)] == []
