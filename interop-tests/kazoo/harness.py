"""Runs the checks of one file against a server and writes one line for each: "ok NAME" or "failed NAME: why".

`python sessions.py list` names the checks, `python sessions.py check 127.0.0.1:2181` runs them.
"""

import faulthandler
import sys
import threading
import time
import traceback

from kazoo.client import KazooClient

PATIENCE_SECONDS = 60
_checks = []
_servers = None
_clients = []


def check(function):
    """Marks a function as a check. It gets a connected client and a path of its own."""
    _checks.append(function)
    return function


def connect(**options):
    """A connected client; it is stopped when the check is over."""
    options.setdefault('timeout', 10)
    chroot = options.pop('chroot', '')
    client = KazooClient(hosts=_servers + chroot, **options)
    client.start(timeout=PATIENCE_SECONDS)
    _clients.append(client)
    return client


def eventually(question, what='it'):
    """Waits until the question is answered with something true, and gives the answer."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        answer = question()
        if answer:
            return answer
        assert time.monotonic() < deadline, f'{what}: not within {PATIENCE_SECONDS} s'
        time.sleep(0.01)


def refuses(error, operation, *args, **options):
    """The operation must be refused with that error."""
    try:
        result = operation(*args, **options)
    except error:
        return
    raise AssertionError(f'{error.__name__} was not raised, but {result!r} given')


def in_thread(function, *args):
    thread = threading.Thread(target=function, args=args, daemon=True)
    thread.start()
    return thread


def finish(thread):
    thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive(), 'a thread did not finish'


def main():
    global _servers
    if sys.argv[1] == 'list':
        print('\n'.join(function.__name__ for function in _checks))
        return
    _servers = sys.argv[2]
    for function in _checks:
        faulthandler.dump_traceback_later(2 * PATIENCE_SECONDS, exit=True)
        try:
            function(connect(), '/' + function.__name__)
            print('ok', function.__name__, flush=True)
        except BaseException:
            print(f'failed {function.__name__}:', traceback.format_exc().replace('\n', ' | '), flush=True)
        for client in _clients:
            client.stop()
            client.close()
        _clients.clear()
