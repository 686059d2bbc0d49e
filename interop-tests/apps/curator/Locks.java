package tskeeper.apps;

import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.locks.InterProcessLock;
import org.apache.curator.framework.recipes.locks.InterProcessMultiLock;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.recipes.locks.InterProcessReadWriteLock;
import org.apache.curator.framework.recipes.locks.InterProcessSemaphoreMutex;
import org.apache.curator.framework.recipes.locks.InterProcessSemaphoreV2;
import org.apache.curator.framework.recipes.locks.Lease;
import org.apache.zookeeper.data.Stat;

/** Locks and semaphores, taken and given back by two workers for each of three clients. */
final class Locks implements Recipe {
  private static final int CLIENTS = 3;
  private static final int WORKERS = 6;
  private static final String LOCK = "/locks/lock";
  private static final String NUMBER = "/guarded/number";

  /** The work of one worker. */
  private interface Work {
    Steps.Step of(int worker, CuratorFramework client);
  }

  /** Ready for its workers. */
  private record Plan(Work work, Map<String, Guarded> guarded) {}

  private interface Planner {
    Plan plan(CuratorFramework onlooker) throws Exception;
  }

  private final List<CuratorFramework> clients;
  private final CuratorFramework onlooker;
  private final Planner planner;
  private final Steps steps = new Steps();
  private Plan plan;

  private Locks(Clients clients, Planner planner) {
    this.clients = clients.patient(CLIENTS);
    this.onlooker = clients.patient();
    this.planner = planner;
  }

  static void list(Map<String, Function<Clients, Recipe>> recipes) {
    recipes.put("InterProcessMutex", clients -> new Locks(clients, Locks::mutex));
    recipes.put("NoMutex", clients -> new Locks(clients, Locks::noMutex));
    recipes.put("InterProcessSemaphoreMutex", clients -> new Locks(clients, Locks::semaphoreMutex));
    recipes.put("InterProcessSemaphoreV2", clients -> new Locks(clients, Locks::semaphore));
    recipes.put("InterProcessMultiLock", clients -> new Locks(clients, Locks::multiLock));
    recipes.put("InterProcessReadWriteLock", clients -> new Locks(clients, Locks::readWriteLock));
    recipes.put("Holder", clients -> new Waiter(clients, true));
    recipes.put("Waiter", clients -> new Waiter(clients, false));
  }

  @Override
  public void begin() throws Exception {
    plan = planner.plan(onlooker);
    for (int worker = 0; worker < WORKERS; worker++) {
      steps.repeat("worker " + worker, plan.work.of(worker, clients.get(worker % CLIENTS)));
    }
    steps.await(3);
  }

  @Override
  public void goOn() throws Exception {
    steps.await(3);
  }

  @Override
  public String finish() throws Exception {
    steps.end();
    StringBuilder told = new StringBuilder();
    for (Map.Entry<String, Guarded> entry : plan.guarded.entrySet()) {
      told.append(told.isEmpty() ? "" : "; ").append(entry.getKey()).append(entry.getValue().tell(onlooker));
    }
    // Nobody holds or waits any more: the lock's node is a container, which the servers take away.
    Check.eventually(LOCK + " goes", () -> onlooker.checkExists().forPath(LOCK) == null);
    return told.toString();
  }

  /** Whose lock node can be asked for. */
  private static final class OpenMutex extends InterProcessMutex {
    OpenMutex(CuratorFramework client, String path) {
      super(client, path);
    }

    String path() {
      return getLockPath();
    }
  }

  /** The zxid that created the holder's lock node. Its sequence number would not do: it begins anew when the parent has been taken away. */
  private static long token(CuratorFramework client, String lockPath) throws Exception {
    Stat stat = client.checkExists().forPath(lockPath);
    Check.that(stat != null, "not excluded: the holder's node is missing");
    return stat.getCzxid();
  }

  private static Plan mutex(CuratorFramework onlooker) throws Exception {
    Guarded guarded = new Guarded(1, onlooker, NUMBER);
    return new Plan((worker, client) -> {
      OpenMutex mutex = new OpenMutex(client, LOCK);
      return () -> holding(mutex, () -> guarded.hold(client, token(client, mutex.path())));
    }, Map.of("", guarded));
  }

  /** Everybody takes a lock of his own, which the checks must find. */
  private static Plan noMutex(CuratorFramework onlooker) throws Exception {
    Guarded guarded = new Guarded(1, onlooker, NUMBER);
    return new Plan((worker, client) -> {
      InterProcessMutex mutex = new InterProcessMutex(client, LOCK + "/" + worker);
      return () -> holding(mutex, () -> guarded.hold(client, -1));
    }, Map.of("", guarded));
  }

  private static Plan semaphoreMutex(CuratorFramework onlooker) throws Exception {
    Guarded guarded = new Guarded(1, onlooker, NUMBER);
    return new Plan((worker, client) -> {
      InterProcessSemaphoreMutex mutex = new InterProcessSemaphoreMutex(client, LOCK);
      return () -> holding(mutex, () -> guarded.hold(client, -1));
    }, Map.of("", guarded));
  }

  private static Plan semaphore(CuratorFramework onlooker) throws Exception {
    Guarded guarded = new Guarded(2, onlooker, null);
    return new Plan((worker, client) -> {
      InterProcessSemaphoreV2 semaphore = new InterProcessSemaphoreV2(client, LOCK, 2);
      return () -> {
        Lease lease = semaphore.acquire();
        try {
          guarded.hold(client, -1, () -> Thread.sleep(10));
        } finally {
          semaphore.returnLease(lease);
        }
      };
    }, Map.of("", guarded));
  }

  /** Some take both locks as one, some the first or the second alone. */
  private static Plan multiLock(CuratorFramework onlooker) throws Exception {
    Guarded first = new Guarded(1, onlooker, NUMBER + "1");
    Guarded second = new Guarded(1, onlooker, NUMBER + "2");
    return new Plan((worker, client) -> {
      InterProcessLock one = new InterProcessMutex(client, LOCK + "/1");
      InterProcessLock other = new InterProcessSemaphoreMutex(client, LOCK + "/2");
      InterProcessLock both = new InterProcessMultiLock(List.of(one, other));
      return switch (worker % 3) {
        case 0 -> () -> holding(one, () -> first.hold(client, -1));
        case 1 -> () -> holding(other, () -> second.hold(client, -1));
        default -> () -> holding(both, () -> first.hold(client, -1, () -> second.hold(client, -1)));
      };
    }, Map.of("first ", first, "second ", second));
  }

  /** Writers exclude everybody, readers writers: what a reader reads stays as it is while it reads. */
  private static Plan readWriteLock(CuratorFramework onlooker) throws Exception {
    Guarded guarded = new Guarded(1, onlooker, NUMBER);
    AtomicInteger readers = new AtomicInteger();
    return new Plan((worker, client) -> {
      InterProcessReadWriteLock lock = new InterProcessReadWriteLock(client, LOCK);
      if (worker % 3 == 0) {
        return () -> holding(lock.writeLock(), () -> guarded.hold(client, token(client, lock.writeLock().getLockPath()), () -> {
          Thread.sleep(1);
          Check.equal("not excluded: readers beside the writer", 0, readers.get());
        }));
      }
      return () -> holding(lock.readLock(), () -> {
        readers.incrementAndGet();
        try {
          Check.that(!guarded.isHeld(), "not excluded: a writer beside a reader");
          String before = Clients.text(client, NUMBER);
          Thread.sleep(2);
          Check.equal("not excluded: what is read twice", before, Clients.text(client, NUMBER));
        } finally {
          readers.decrementAndGet();
        }
      });
    }, Map.of("by writers ", guarded));
  }

  private static void holding(InterProcessLock lock, Guarded.Holding holding) throws Exception {
    lock.acquire();
    try {
      holding.meanwhile();
    } finally {
      lock.release();
    }
  }

  /** Takes the lock once: at once and for good, or as soon as it can. */
  private static final class Waiter implements Recipe {
    private final InterProcessMutex mutex;
    private final boolean isFirst;
    private final Steps steps = new Steps();

    Waiter(Clients clients, boolean isFirst) {
      mutex = new InterProcessMutex(clients.patient(), LOCK);
      this.isFirst = isFirst;
    }

    @Override
    public void begin() throws Exception {
      steps.repeat("acquisition", () -> mutex.acquire());
      if (isFirst) steps.await(1);
      else Check.eventually("it is in line", () -> mutex.getParticipantNodes().size() == 2);
    }

    @Override
    public void goOn() throws Exception {
      steps.await(1);
    }

    @Override
    public String finish() throws Exception {
      return mutex.getParticipantNodes().size() + " in line, " + (mutex.isAcquiredInThisProcess() ? "acquired" : "not acquired");
    }
  }
}
