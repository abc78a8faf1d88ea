"""A client that was gone before its reply came. For SIGKILL at every step see tests/torture."""

import json
import socket
from time import sleep

from services import Client, bill
from torture.kills import kept

from yibao.store.database import Database


def test_a_reply_that_nobody_waited_for_is_found_by_its_key(
    port: int, client: Client, database: Database
) -> None:
    body = bill("A1", "1000.00", from_account="10.00")
    sent = json.dumps(body).encode()
    with socket.create_connection(("127.0.0.1", port)) as one:
        one.sendall(
            b"POST /desk/settlements HTTP/1.1\r\nHost: x\r\nX-Actor: H3\r\n"
            b"Content-Type: application/json\r\nIdempotency-Key: settle-1\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(sent), sent)
        )
    for _ in range(500):
        found = client("GET", "/requests/settle-1", X_Actor="H3")
        if found.status != 404:
            break
        sleep(0.02)
    again = client.settle(body, "settle-1", "H3")
    assert (found.status, found.body) == (again.status, again.body)
    with database.transaction() as connection:
        there = kept(connection, "P1")
    assert (there["settled"], there["entries"], there["audits"]) == (1, 1, 1)
    assert there["balance"] == 490_00
