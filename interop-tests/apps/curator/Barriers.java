package tskeeper.apps;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.barriers.DistributedBarrier;
import org.apache.curator.framework.recipes.barriers.DistributedDoubleBarrier;
import org.apache.zookeeper.KeeperException;

/** Rounds in which three wait for one another. */
final class Barriers implements Recipe {
  private static final int MEMBERS = 3;
  private static final long WAIT_MS = 20_000;
  /** Nobody is waited for longer, as those who have lost their connection leave the others alone. */
  private static final long MEETING_SECONDS = 8;

  private final List<CuratorFramework> clients;
  private final ExecutorService threads = Executors.newFixedThreadPool(MEMBERS);
  private final AtomicInteger connectionChanges = new AtomicInteger();
  private final Steps steps = new Steps();
  private final boolean isDouble;
  private int rounds;
  private int broken;

  private Barriers(Clients clients, boolean isDouble) {
    this.clients = clients.patient(MEMBERS);
    this.isDouble = isDouble;
    for (CuratorFramework client : this.clients) {
      client.getConnectionStateListenable().addListener((from, state) -> connectionChanges.incrementAndGet());
    }
  }

  static void list(Map<String, Function<Clients, Recipe>> recipes) {
    recipes.put("DistributedBarrier", clients -> new Barriers(clients, false));
    recipes.put("DistributedDoubleBarrier", clients -> new Barriers(clients, true));
  }

  @Override
  public void begin() throws Exception {
    for (CuratorFramework client : clients) client.blockUntilConnected();
    if (isDouble) steps.attempt("rounds", this::meet);
    else steps.repeat("rounds", this::await);
    steps.await(3);
  }

  @Override
  public void goOn() throws Exception {
    steps.await(3);
  }

  @Override
  public String finish() throws Exception {
    steps.end();
    threads.shutdown();
    Check.that(broken <= 8, broken + " rounds were broken off");
    return "in no round did one go before it should";
  }

  /** One sets the barrier, all wait at it, none passes before it is lifted. */
  private void await() throws Exception {
    String path = "/barriers/" + rounds++;
    AtomicBoolean lifted = new AtomicBoolean();
    DistributedBarrier setter = new DistributedBarrier(clients.get(0), path);
    setter.setBarrier();
    List<Future<Boolean>> waiters = new ArrayList<>();
    for (CuratorFramework client : clients) {
      // The others may look by way of a server that is behind.
      client.sync().forPath(path);
      waiters.add(threads.submit(() -> new DistributedBarrier(client, path).waitOnBarrier(WAIT_MS, TimeUnit.MILLISECONDS) && lifted.get()));
    }
    Thread.sleep(20);
    lifted.set(true);
    setter.removeBarrier();
    for (Future<Boolean> waiter : waiters) Check.that(waiter.get(), path + ": one passed before it was lifted, or not at all");
  }

  /**
   * All enter and leave together. The recipe gives up when it is disconnected; such a round is broken off by all, and in one in which a
   * connection changed it does not promise that all are there.
   */
  private boolean meet() throws Exception {
    String path = "/barriers/" + rounds++;
    int changes = connectionChanges.get();
    AtomicInteger entering = new AtomicInteger();
    AtomicInteger leaving = new AtomicInteger();
    List<Future<Void>> members = new ArrayList<>();
    for (CuratorFramework client : clients) {
      members.add(threads.submit(() -> {
        DistributedDoubleBarrier barrier = new DistributedDoubleBarrier(client, path, MEMBERS);
        Thread.sleep(entering.incrementAndGet() * 3L);
        if (!barrier.enter(MEETING_SECONDS, TimeUnit.SECONDS)) throw new KeeperException.ConnectionLossException();
        mustBeAll("entered", entering, changes);
        leaving.incrementAndGet();
        if (!barrier.leave(MEETING_SECONDS, TimeUnit.SECONDS)) throw new KeeperException.ConnectionLossException();
        mustBeAll("left", leaving, changes);
        return null;
      }));
    }
    boolean whole = true;
    for (Future<Void> member : members) whole &= came(member);
    if (!whole) {
      Check.that(changes != connectionChanges.get(), path + " is broken off without cause");
      broken++;
      for (CuratorFramework client : clients) client.blockUntilConnected();
    }
    return whole;
  }

  private void mustBeAll(String what, AtomicInteger begun, int changes) {
    int seen = begun.get();
    Check.that(seen == MEMBERS || changes != connectionChanges.get(), "one has " + what + " when " + seen + " were about to");
  }

  /** False when the member found that the connection had been lost. */
  private boolean came(Future<Void> member) throws Exception {
    try {
      member.get();
      return true;
    } catch (ExecutionException e) {
      // The retried creation of its own node is refused; the retried deletion finds it gone.
      if (e.getCause() instanceof KeeperException) return false;
      throw e;
    }
  }
}
