package tskeeper.apps;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.curator.RetryPolicy;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryNTimes;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooKeeper;

/** Clients of Curator, each with a session of its own. */
final class Clients {
  private static final int CONNECTION_LIMIT_MS = 15_000;
  /** Together they last longer than any test is patient. */
  private static final RetryPolicy ON_AND_ON = new RetryNTimes(2400, 25);
  private static final RetryPolicy NOT_ONCE = new RetryNTimes(0, 0);

  private final String connectString;
  private final int sessionTimeoutMs;

  Clients(String connectString, int sessionTimeoutMs) {
    this.connectString = connectString;
    this.sessionTimeoutMs = sessionTimeoutMs;
  }

  /** Does again what a lost connection leaves in doubt, as applications have it: for what may be done twice, or is made for it by Curator. */
  CuratorFramework patient() {
    return start(ON_AND_ON);
  }

  List<CuratorFramework> patient(int count) {
    List<CuratorFramework> clients = new ArrayList<>();
    for (int index = 0; index < count; index++) clients.add(patient());
    return clients;
  }

  /** Tells of each lost connection, so that what is in doubt can be counted. */
  CuratorFramework strict() {
    return start(NOT_ONCE);
  }

  private CuratorFramework start(RetryPolicy policy) {
    CuratorFramework client = CuratorFrameworkFactory.newClient(connectString, sessionTimeoutMs, CONNECTION_LIMIT_MS, policy);
    client.start();
    return client;
  }

  /** Ends the client's session behind its back. */
  void expire(CuratorFramework client) throws Exception {
    ZooKeeper victim = client.getZookeeperClient().getZooKeeper();
    CountDownLatch connected = new CountDownLatch(1);
    ZooKeeper twin = new ZooKeeper(connectString, sessionTimeoutMs, (WatchedEvent event) -> {
      if (event.getState() == KeeperState.SyncConnected) connected.countDown();
    }, victim.getSessionId(), victim.getSessionPasswd());
    Check.that(connected.await(CONNECTION_LIMIT_MS, TimeUnit.MILLISECONDS), "the session cannot be taken over");
    twin.close();
  }

  static void put(CuratorFramework client, String path, String text) throws Exception {
    client.create().orSetData().creatingParentsIfNeeded().forPath(path, text.getBytes(StandardCharsets.UTF_8));
  }

  static String text(CuratorFramework client, String path) throws Exception {
    return text(client.getData().forPath(path));
  }

  static String text(byte[] data) {
    return new String(data, StandardCharsets.UTF_8);
  }
}
