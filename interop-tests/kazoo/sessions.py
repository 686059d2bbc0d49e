"""Sessions, nodes, permissions and transactions as kazoo sees them."""

import logging
import threading

from kazoo.client import KazooState, KeeperState
from kazoo.exceptions import (
    AuthFailedError, BadVersionError, InvalidACLError, NoAuthError, NoChildrenForEphemeralsError, NodeExistsError,
    NoNodeError, NotEmptyError, ReconfigDisabledError, RolledBackError, RuntimeInconsistency,
)
from kazoo.handlers.threading import KazooTimeoutError
from kazoo.protocol.states import EventType
from kazoo.security import CREATOR_ALL_ACL, OPEN_ACL_UNSAFE, READ_ACL_UNSAFE, make_acl, make_digest_acl

from harness import check, connect, eventually, main, refuses


@check
def session_begins_and_ends(client, path):
    assert client.client_state == KeeperState.CONNECTED
    session, password = client.client_id
    assert session != 0 and len(password) == 16
    client.create(path, ephemeral=True)
    other = connect()
    assert other.exists(path).owner_session_id == session
    client.stop()
    assert client.state == KazooState.LOST
    assert other.exists(path) is None


@check
def session_timeout_is_negotiated(client, path):
    # kazoo keeps the answer to itself, but for a line in its log.
    def negotiated(seconds):
        records = []
        logger = logging.Logger('negotiation')
        logger.addHandler(RecordList(records))
        connect(timeout=seconds, logger=logger)
        line = next(record.getMessage() for record in records if 'negotiated session timeout' in record.getMessage())
        return int(line.split('negotiated session timeout: ')[1].split()[0])

    assert [negotiated(seconds) for seconds in (0.5, 5, 10, 100)] == [1_000, 5_000, 10_000, 10_000]


class RecordList(logging.Handler):
    def __init__(self, records):
        super().__init__()
        self.records = records

    def emit(self, record):
        self.records.append(record)


@check
def session_is_taken_over(client, path):
    client.create(path, ephemeral=True)
    session, password = client.client_id
    other = connect(client_id=(session, password))
    assert other.client_id[0] == session
    # The first client wants its session back: the two take turns.
    assert other.retry(other.exists, path).owner_session_id == session


@check
def session_expires(client, path):
    states = []
    lost = threading.Event()

    def listener(state):
        states.append(state)
        if state == KazooState.LOST:
            lost.set()

    client.create(path, ephemeral=True)
    first = client.client_id[0]
    client.add_listener(listener)
    session = client.client_id
    # Somebody else ends the session, unless our client is faster in taking it back.
    while not lost.wait(1):
        try:
            connect(client_id=session).stop()
        except KazooTimeoutError:
            assert lost.wait(1), states
    assert states[0] == KazooState.SUSPENDED
    eventually(lambda: client.state == KazooState.CONNECTED, 'a new session')
    assert client.client_id[0] != first
    assert client.exists(path) is None


@check
def server_answers_words(client, path):
    assert client.command(b'ruok') == 'imok'
    assert client.command(b'stat').startswith('Zookeeper version: 3.9.6-')
    assert client.server_version() == (3, 9, 6)


@check
def nodes_of_each_kind(client, path):
    assert client.create(path, b'data') == path
    refuses(NodeExistsError, client.create, path)
    refuses(NoNodeError, client.create, path + '/none/child')
    assert client.create(path + '/a/b/c', b'deep', makepath=True) == path + '/a/b/c'
    name, stat = client.create(path + '/e', b'x', ephemeral=True, include_data=True)
    assert name == path + '/e' and stat.ephemeralOwner == client.client_id[0] and stat.dataLength == 1
    refuses(NoChildrenForEphemeralsError, client.create, path + '/e/child')
    first = client.create(path + '/s-', sequence=True)
    second = client.create(path + '/s-', sequence=True, ephemeral=True)
    assert int(second[-10:]) == int(first[-10:]) + 1
    client.ensure_path(path + '/p/q')
    client.ensure_path(path + '/p/q')
    refuses(NotEmptyError, client.delete, path)
    client.delete(path, recursive=True)
    assert client.exists(path) is None
    refuses(NoNodeError, client.delete, path)


@check
def data_and_versions(client, path):
    client.create(path, b'0')
    data, stat = client.get(path)
    assert (data, stat.version, stat.data_length, stat.children_count) == (b'0', 0, 1, 0)
    assert stat.creation_transaction_id == stat.last_modified_transaction_id == stat.pzxid
    changed = client.set(path, b'one')
    assert changed.version == 1 and changed.czxid == stat.czxid and changed.mzxid > stat.mzxid
    refuses(BadVersionError, client.set, path, b'x', version=0)
    refuses(BadVersionError, client.delete, path, version=0)
    assert client.set(path, b'two', version=1).version == 2
    client.set(path, b'')
    assert client.get(path)[0] == b''
    client.set(path, b'\x00\xff' * 200_000)
    assert client.get(path)[0] == b'\x00\xff' * 200_000
    refuses(NoNodeError, client.get, path + '/none')
    refuses(NoNodeError, client.get_children, path + '/none')
    refuses(NoNodeError, client.set, path + '/none', b'')


@check
def children(client, path):
    for name in ('a', 'b', 'c d', 'é', '日本'):
        client.create(path + '/' + name, makepath=True)
    assert sorted(client.get_children(path)) == sorted(['a', 'b', 'c d', 'é', '日本'])
    names, stat = client.get_children(path, include_data=True)
    assert stat.numChildren == 5 and stat.cversion == 5 and len(names) == 5
    client.delete(path + '/a')
    assert client.exists(path).cversion == 6
    assert client.sync(path) == path


@check
def chroot(client, path):
    inner = connect(chroot=path)
    inner.ensure_path('/')
    assert inner.create('/x', b'inside') == '/x'
    assert client.get(path + '/x')[0] == b'inside'
    assert inner.get_children('/') == ['x']


@check
def many_requests_at_once(client, path):
    client.create(path)
    creations = [client.create_async(f'{path}/{i}', str(i).encode()) for i in range(1000)]
    assert [creation.get(timeout=20) for creation in creations] == [f'{path}/{i}' for i in range(1000)]
    reads = [client.get_async(f'{path}/{i}') for i in range(1000)]
    results = [read.get(timeout=20) for read in reads]
    assert [data for data, _ in results] == [str(i).encode() for i in range(1000)]
    zxids = [stat.czxid for _, stat in results]
    assert zxids == list(range(zxids[0], zxids[0] + 1000))
    assert len(client.get_children(path)) == 1000


@check
def permissions(client, path):
    client.create(path)
    client.add_auth('digest', 'user:secret')
    client.create(path + '/own', b'x', acl=CREATOR_ALL_ACL)
    guest = connect()
    refuses(NoAuthError, guest.get, path + '/own')
    refuses(NoAuthError, guest.set, path + '/own', b'')
    refuses(NoAuthError, guest.get_children, path + '/own')
    refuses(NoAuthError, guest.create, path + '/own/child')
    acls, stat = client.get_acls(path + '/own')
    assert acls == [make_digest_acl('user', 'secret', all=True)] and stat.aversion == 0
    guest.add_auth('digest', 'user:secret')
    assert guest.get(path + '/own')[0] == b'x'
    known = connect(auth_data=[('digest', 'user:secret')])
    assert known.get(path + '/own')[0] == b'x'
    assert client.set_acls(path + '/own', READ_ACL_UNSAFE + CREATOR_ALL_ACL).aversion == 1
    refuses(BadVersionError, client.set_acls, path + '/own', OPEN_ACL_UNSAFE, version=0)
    assert connect().get(path + '/own')[0] == b'x'
    refuses(InvalidACLError, client.create, path + '/bad', acl=[make_acl('nosuch', 'x', all=True)])
    refuses(InvalidACLError, connect().create, path + '/bad', acl=CREATOR_ALL_ACL)
    defaults = connect(default_acl=READ_ACL_UNSAFE)
    defaults.create(path + '/default')
    refuses(NoAuthError, defaults.set, path + '/default', b'')


@check
def authentication_fails(client, path):
    refuses(AuthFailedError, client.add_auth, 'nosuch', 'x')


@check
def transaction_succeeds(client, path):
    client.create(path)
    transaction = client.transaction()
    transaction.create(path + '/a', b'0')
    transaction.create(path + '/a/s-', sequence=True)
    transaction.create(path + '/e', ephemeral=True)
    transaction.check(path + '/a', version=0)
    transaction.set_data(path + '/a', b'1', version=0)
    transaction.delete(path + '/e')
    results = transaction.commit()
    assert results[:3] == [path + '/a', path + '/a/s-0000000000', path + '/e'], results
    assert results[3] is True and results[4].version == 1 and results[5] is True
    assert client.get(path + '/a')[0] == b'1'
    assert client.get_children(path) == ['a']


@check
def transaction_fails(client, path):
    client.create(path, b'before')
    transaction = client.transaction()
    transaction.set_data(path, b'after')
    transaction.check(path, version=7)
    transaction.delete(path)
    results = transaction.commit()
    assert [type(result) for result in results] == [RolledBackError, BadVersionError, RuntimeInconsistency], results
    assert client.get(path)[0] == b'before'


@check
def reconfiguration_is_refused(client, path):
    refuses(ReconfigDisabledError, client.reconfig, joining=None, leaving='1', new_members=None)
    assert client.exists('/')


@check
def one_time_watches(client, path):
    events = []
    actor = connect()

    def watch(event):
        events.append((event.type, event.path))

    client.exists(path, watch=watch)
    actor.create(path)
    client.get(path, watch=watch)
    client.get_children(path, watch=watch)
    actor.create(path + '/a')
    actor.set(path, b'1')
    actor.set(path, b'2')
    client.exists(path, watch=watch)
    actor.delete(path, recursive=True)
    eventually(lambda: len(events) == 4, f'four events, not {events}')
    client.sync('/')
    assert events == [
        (EventType.CREATED, path), (EventType.CHILD, path), (EventType.CHANGED, path), (EventType.DELETED, path),
    ], events


if __name__ == '__main__':
    main()
