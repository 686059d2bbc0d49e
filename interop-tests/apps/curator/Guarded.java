package tskeeper.apps;

import java.util.concurrent.atomic.AtomicInteger;
import org.apache.curator.framework.CuratorFramework;

/**
 * What a lock guards. Holders are counted; where there may be one alone, it also reads a number in ZooKeeper and writes the next, so that an
 * update would be lost if two held it at once; and tokens, where the lock has such, must ascend from one holder to the next.
 */
final class Guarded {
  private final int most;
  private final String path;
  private final AtomicInteger holders = new AtomicInteger();
  private final AtomicInteger grants = new AtomicInteger();
  private volatile int peak;
  private long lastToken = -1;

  Guarded(int most, CuratorFramework client, String path) throws Exception {
    this.most = most;
    this.path = path;
    if (path != null) Clients.put(client, path, "0");
  }

  interface Holding {
    void meanwhile() throws Exception;
  }

  void hold(CuratorFramework client, long token) throws Exception {
    hold(client, token, () -> Thread.sleep(1));
  }

  void hold(CuratorFramework client, long token, Holding holding) throws Exception {
    try {
      enter(holders.incrementAndGet(), token);
      // As many as may shall have held it together at least once.
      if (peak < most) Check.within(5000, () -> peak == most);
      int number = path == null ? 0 : Integer.parseInt(Clients.text(client, path));
      holding.meanwhile();
      if (path != null) Clients.put(client, path, Integer.toString(number + 1));
      grants.incrementAndGet();
    } finally {
      holders.decrementAndGet();
    }
  }

  private synchronized void enter(int now, long token) {
    Check.that(now <= most, "not excluded: held by " + now + " at once");
    Check.that(token < 0 || token > lastToken, "not excluded: token " + token + " after " + lastToken);
    lastToken = Math.max(lastToken, token);
    peak = Math.max(peak, now);
  }

  boolean isHeld() {
    return holders.get() > 0;
  }

  String tell(CuratorFramework client) throws Exception {
    if (path != null) Check.equal("not excluded: the number of " + path, Integer.toString(grants.get()), Clients.text(client, path));
    Check.equal("the most that held at once", most, peak);
    return "held " + grants.get() + " times by at most " + most;
  }
}
