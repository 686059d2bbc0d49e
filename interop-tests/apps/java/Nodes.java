package tskeeper.apps;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZKUtil;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.Stat;

/**
 * What an onlooker sees in ZooKeeper: a session of its own, beside those of the application. Waiting is done by watches alone, so a watch
 * that does not fire is a wait that fails.
 */
final class Nodes implements Watcher {
  private final ZooKeeper zooKeeper;
  private long events;

  Nodes(String connectString) throws Exception {
    zooKeeper = new ZooKeeper(connectString, 10_000, this);
  }

  @Override
  public synchronized void process(WatchedEvent event) {
    events++;
    notifyAll();
  }

  /** Waits until the children of `path` are as wished; a missing node has none. */
  List<String> awaitChildren(String path, Predicate<List<String>> wish, long timeoutMs) throws Exception {
    long deadline = Check.deadline(timeoutMs);
    for (;;) {
      long seen = events();
      List<String> children = null;
      try {
        children = watchedChildren(path);
      } catch (KeeperException.ConnectionLossException e) {
        // The server is being restarted: the next event is that of the new connection.
      }
      if (children != null && wish.test(children)) return children;
      awaitEvent(seen, deadline, path + " still has the children " + children);
    }
  }

  private List<String> watchedChildren(String path) throws Exception {
    for (;;) {
      try {
        return zooKeeper.getChildren(path, true);
      } catch (KeeperException.NoNodeException e) {
        if (zooKeeper.exists(path, true) == null) return List.of();
      }
    }
  }

  private synchronized long events() {
    return events;
  }

  private synchronized void awaitEvent(long seen, long deadline, String otherwise) throws InterruptedException {
    while (events == seen) Check.waitUntil(this, deadline, otherwise);
  }

  List<String> children(String path) throws Exception {
    return zooKeeper.getChildren(path, false);
  }

  String text(String path) throws Exception {
    return new String(zooKeeper.getData(path, false, null), StandardCharsets.UTF_8);
  }

  Stat stat(String path) throws Exception {
    Stat stat = new Stat();
    zooKeeper.getData(path, false, stat);
    return stat;
  }

  /** The session that owns the node and the zxid that created it, in hex: the same text means that it is the same node. */
  String origin(String path) throws Exception {
    Stat stat = stat(path);
    return "owner " + Long.toHexString(stat.getEphemeralOwner()) + " czxid " + Long.toHexString(stat.getCzxid());
  }

  /** Of each node from `path` on, in the order of the paths: the path and the origin. */
  String origins(String path) throws Exception {
    StringBuilder told = new StringBuilder();
    for (String node : new TreeSet<>(ZKUtil.listSubTreeBFS(zooKeeper, path))) told.append(node + " " + origin(node) + "\n");
    return told.toString();
  }
}
