"""A client whose server is restarted under it, as often as its input has lines: its session, its ephemeral and its data must be kept."""

import sys

from kazoo.client import KazooClient
from kazoo.retry import KazooRetry

PATIENCE_SECONDS = 60


def main():
    client = KazooClient(sys.argv[2], timeout=10, connection_retry=KazooRetry(max_tries=-1, max_delay=0.2))
    client.start(timeout=PATIENCE_SECONDS)
    retry = KazooRetry(max_tries=-1, max_delay=0.2, deadline=PATIENCE_SECONDS)
    session = client.client_id[0]
    client.create('/survivor', b'0')
    client.create('/survivor/ephemeral', ephemeral=True)
    for number, _ in enumerate(restarts(), start=1):
        data, _ = retry(client.get, '/survivor')
        assert data == str(number - 1).encode(), data
        assert client.client_id[0] == session, 'the session is another one'
        assert retry(client.exists, '/survivor/ephemeral').ephemeralOwner == session
        retry(client.set, '/survivor', str(number).encode())
        print('kept', flush=True)
    client.stop()
    late = KazooClient(sys.argv[2], timeout=10)
    late.start(timeout=PATIENCE_SECONDS)
    assert late.get_children('/survivor') == [], 'the ephemeral outlived its session'
    late.stop()
    print('done', flush=True)


def restarts():
    """Says that all is ready, waits for the line that says that the server is back."""
    print('ready', flush=True)
    for line in sys.stdin:
        yield line
        print('ready', flush=True)


main()
