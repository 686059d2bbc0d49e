"""kazoo's recipes, each with several clients."""

import datetime
import threading

from kazoo.exceptions import LockTimeout
from kazoo.recipe.cache import TreeCache, TreeEvent
from kazoo.recipe.lease import MultiNonBlockingLease, NonBlockingLease
from kazoo.recipe.lock import ReadLock, WriteLock
from kazoo.recipe.partitioner import PartitionState
from kazoo.recipe.queue import LockingQueue, Queue
from kazoo.recipe.watchers import ChildrenWatch, DataWatch, PatientChildrenWatch

from harness import check, connect, eventually, finish, in_thread, main, refuses


@check
def lock(client, path):
    mine = client.Lock(path, 'first')
    assert mine.acquire()
    theirs = connect().Lock(path, 'second')
    assert not theirs.acquire(blocking=False)
    refuses(LockTimeout, theirs.acquire, timeout=0.2)
    order = []

    def compete():
        with theirs:
            order.append('second')

    thread = in_thread(compete)
    eventually(lambda: mine.contenders() == ['first', 'second'], 'two contenders')
    order.append('first')
    mine.release()
    finish(thread)
    assert order == ['first', 'second']


@check
def lock_is_freed_with_its_session(client, path):
    holder = connect()
    assert holder.Lock(path).acquire()
    waiting = client.Lock(path)
    thread = in_thread(waiting.acquire)
    eventually(lambda: len(waiting.contenders()) == 2)
    holder.stop()
    finish(thread)
    assert waiting.is_acquired


@check
def many_contenders(client, path):
    inside = []
    overlaps = []

    def work(contender):
        for _ in range(5):
            with contender.Lock(path):
                inside.append(contender)
                overlaps.append(len(inside))
                inside.remove(contender)

    threads = [in_thread(work, connect()) for _ in range(5)]
    for thread in threads:
        finish(thread)
    assert overlaps == [1] * 25


@check
def read_and_write_lock(client, path):
    readers = [ReadLock(connect(), path) for _ in range(2)]
    for reader in readers:
        assert reader.acquire(timeout=10)
    writer = WriteLock(client, path)
    assert not writer.acquire(blocking=False)
    thread = in_thread(writer.acquire)
    for reader in readers:
        reader.release()
    finish(thread)
    assert not ReadLock(connect(), path).acquire(blocking=False)
    writer.release()


@check
def semaphore(client, path):
    first, second, third = (connect().Semaphore(path, max_leases=2) for _ in range(3))
    assert first.acquire() and second.acquire()
    assert not third.acquire(blocking=False)
    assert len(first.lease_holders()) == 2
    thread = in_thread(third.acquire)
    first.release()
    finish(thread)
    assert third.is_acquired


@check
def barrier(client, path):
    mine = client.Barrier(path)
    mine.create()
    theirs = connect().Barrier(path)
    passed = []
    thread = in_thread(lambda: passed.append(theirs.wait(timeout=20)))
    assert not client.Barrier(path).wait(timeout=0.2)
    assert mine.remove()
    finish(thread)
    assert passed == [True]


@check
def double_barrier(client, path):
    reached = []

    def take_part(participant):
        both = participant.DoubleBarrier(path, 3)
        both.enter()
        reached.append('entered')
        both.leave()
        reached.append('left')

    threads = [in_thread(take_part, connect()) for _ in range(3)]
    for thread in threads:
        finish(thread)
    assert reached.count('entered') == reached.count('left') == 3
    assert 'left' not in reached[:3]


@check
def counter(client, path):
    def count(counting):
        mine = counting.Counter(path)
        for _ in range(10):
            mine += 1

    threads = [in_thread(count, connect()) for _ in range(4)]
    for thread in threads:
        finish(thread)
    total = client.Counter(path)
    assert total.value == 40
    total -= 15
    assert (total.pre_value, total.post_value, total.value) == (40, 25, 25)


@check
def election(client, path):
    leaders = []
    may_resign = threading.Event()

    def lead(name):
        leaders.append(name)
        may_resign.wait(20)

    first = client.Election(path, 'first')
    second = connect().Election(path, 'second')
    thread = in_thread(first.run, lead, 'first')
    eventually(lambda: leaders == ['first'])
    rival = in_thread(second.run, lead, 'second')
    eventually(lambda: first.contenders() == ['first', 'second'])
    may_resign.set()
    finish(thread)
    finish(rival)
    assert leaders == ['first', 'second']


@check
def party(client, path):
    members = [(connect(), name) for name in ('one', 'two', 'three')]
    for member, name in members:
        member.Party(path, name).join()
    watching = client.Party(path)
    assert sorted(watching) == ['one', 'three', 'two'] and len(watching) == 3
    members[0][0].stop()
    assert sorted(watching) == ['three', 'two']
    shallow = client.ShallowParty(path + '-shallow', 'me')
    shallow.join()
    assert list(shallow) == ['me']
    shallow.leave()
    assert list(shallow) == []


@check
def queue(client, path):
    mine = Queue(client, path)
    theirs = Queue(connect(), path)
    for value, priority in ((b'late', 200), (b'normal', 100), (b'early', 1)):
        mine.put(value, priority=priority)
    assert len(theirs) == 3
    assert [theirs.get(), mine.get(), theirs.get(), mine.get()] == [b'early', b'normal', b'late', None]


@check
def locking_queue(client, path):
    mine = LockingQueue(client, path)
    theirs = LockingQueue(connect(), path)
    mine.put_all([b'a', b'b'])
    assert mine.get(timeout=10) == b'a' and mine.holds_lock()
    assert theirs.get(timeout=10) == b'b'
    assert theirs.release()
    assert mine.consume()
    assert theirs.get(timeout=10) == b'b' and theirs.consume()
    assert mine.get(timeout=0.2) is None
    thread = in_thread(lambda: mine.put(b'c'))
    assert theirs.get(timeout=10) == b'c'
    finish(thread)


@check
def data_watch(client, path):
    seen = []

    @DataWatch(client, path)
    def changed(data, stat, event):
        seen.append((data, stat.version if stat else None, event.type if event else None))
        return len(seen) < 5

    actor = connect()
    eventually(lambda: len(seen) == 1)
    actor.create(path, b'0')
    eventually(lambda: len(seen) == 2)
    actor.set(path, b'1')
    eventually(lambda: len(seen) == 3)
    actor.delete(path)
    eventually(lambda: len(seen) == 4)
    actor.create(path, b'2')
    eventually(lambda: len(seen) == 5)
    assert seen == [
        (None, None, None), (b'0', 0, 'CREATED'), (b'1', 1, 'CHANGED'), (None, None, 'DELETED'), (b'2', 0, 'CREATED'),
    ], seen


@check
def children_watch(client, path):
    seen = []
    client.create(path)

    @ChildrenWatch(client, path)
    def changed(names):
        seen.append(sorted(names))

    actor = connect()
    for number, name in enumerate('abc', start=2):
        actor.create(f'{path}/{name}')
        eventually(lambda: len(seen) == number)
    actor.delete(path + '/a')
    eventually(lambda: len(seen) == 5)
    assert seen == [[], ['a'], ['a', 'b'], ['a', 'b', 'c'], ['b', 'c']], seen


@check
def patient_children_watch(client, path):
    client.create(path)
    actor = connect()
    patient = PatientChildrenWatch(client, path, time_boundary=0.3)
    result = patient.start()
    actor.create(path + '/a')
    actor.create(path + '/b')
    names, next_change = result.get(timeout=20)
    assert sorted(names) == ['a', 'b']
    actor.create(path + '/c')
    assert next_change.get(timeout=20) is None or next_change.ready()


@check
def tree_cache(client, path):
    client.create(path + '/a/b', b'deep', makepath=True)
    cache = TreeCache(client, path)
    events = []
    cache.listen(lambda event: events.append((event.event_type, event.event_data.path if event.event_data else None)))
    cache.start()
    eventually(lambda: (TreeEvent.INITIALIZED, None) in events, 'the cache is filled')
    assert cache.get_data(path + '/a/b').data == b'deep'
    actor = connect()
    actor.set(path + '/a/b', b'changed')
    actor.create(path + '/c')
    actor.delete(path + '/a/b')
    eventually(lambda: (TreeEvent.NODE_REMOVED, path + '/a/b') in events)
    eventually(lambda: (TreeEvent.NODE_ADDED, path + '/c') in events)
    eventually(lambda: cache.get_children(path) == frozenset(['a', 'c']))
    assert cache.get_data(path + '/a/b') is None
    cache.close()


@check
def lease(client, path):
    day = datetime.timedelta(days=1)
    assert NonBlockingLease(client, path, day, identifier='one')
    assert not NonBlockingLease(connect(), path, day, identifier='two')
    assert NonBlockingLease(connect(), path, day, identifier='one')
    several = path + '-several'
    assert [bool(MultiNonBlockingLease(connect(), 2, several, day, identifier=name)) for name in 'abc'] == [True, True, False]


@check
def partitioner(client, path):
    work = set(range(6))
    first = client.SetPartitioner(path, work, identifier='1', time_boundary=0.3)
    first.wait_for_acquire(10)
    assert first.acquired and set(first) == work
    second = connect().SetPartitioner(path, work, identifier='2', time_boundary=0.3)

    def settled():
        for part in (first, second):
            if part.state == PartitionState.RELEASE:
                part.release_set()
            elif part.state == PartitionState.ALLOCATING:
                part.wait_for_acquire(0.2)
            assert not part.failed
        return first.acquired and second.acquired and set(first) | set(second) == work and not set(first) & set(second)

    eventually(settled, 'the work is shared')
    assert len(set(first)) == len(set(second)) == 3
    second.finish()
    first.finish()


if __name__ == '__main__':
    main()
