package tskeeper.apps;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.cache.ChildData;
import org.apache.curator.framework.recipes.cache.CuratorCache;
import org.apache.curator.framework.recipes.cache.CuratorCacheListener;
import org.apache.curator.framework.recipes.cache.NodeCache;
import org.apache.curator.framework.recipes.cache.PathChildrenCache;
import org.apache.curator.framework.recipes.cache.TreeCache;
import org.apache.zookeeper.KeeperException;

/** One writes, three have caches of what it writes; whenever it pauses, they come to hold what is there. */
final class Caches implements Recipe {
  private static final int CACHES = 3;
  private static final String ROOT = "/cached";

  /** Texts by path. */
  private interface View {
    Map<String, String> see() throws Exception;
  }

  private interface Maker {
    View make(Caches caches, CuratorFramework client) throws Exception;
  }

  private final CuratorFramework writer;
  private final List<CuratorFramework> clients;
  private final List<String> paths;
  private final Maker maker;
  private final List<View> views = new ArrayList<>();
  private final ReentrantLock writing = new ReentrantLock(true);
  private final Random random = new Random(7);
  private final Steps steps = new Steps();
  private int written;

  private Caches(Clients clients, List<String> paths, Maker maker) {
    this.writer = clients.patient();
    this.clients = clients.patient(CACHES);
    this.paths = paths;
    this.maker = maker;
  }

  static void list(Map<String, Function<Clients, Recipe>> recipes) {
    List<String> node = List.of(ROOT);
    List<String> children = List.of(ROOT + "/a", ROOT + "/b", ROOT + "/c", ROOT + "/d", ROOT + "/e");
    List<String> tree = List.of(ROOT + "/a", ROOT + "/b", ROOT + "/a/x", ROOT + "/a/y", ROOT + "/b/z", ROOT + "/c/d/e");
    recipes.put("CuratorCache", clients -> new Caches(clients, tree, Caches::curatorCache));
    recipes.put("TreeCache", clients -> new Caches(clients, tree, Caches::treeCache));
    recipes.put("PathChildrenCache", clients -> new Caches(clients, children, Caches::pathChildrenCache));
    recipes.put("NodeCache", clients -> new Caches(clients, node, Caches::nodeCache));
  }

  @Override
  public void begin() throws Exception {
    Clients.put(writer, ROOT, "");
    for (CuratorFramework client : clients) views.add(maker.make(this, client));
    steps.repeat("writes", () -> {
      writing.lock();
      try {
        write();
      } finally {
        writing.unlock();
      }
      Thread.sleep(2);
    });
    goOn();
  }

  private void write() throws Exception {
    String path = paths.get(random.nextInt(paths.size()));
    if (random.nextInt(3) > 0) Clients.put(writer, path, "text " + written++);
    else writer.delete().quietly().deletingChildrenIfNeeded().forPath(path);
  }

  @Override
  public void goOn() throws Exception {
    steps.await(20);
    writing.lock();
    try {
      Map<String, String> there = new TreeMap<>();
      look(ROOT, there);
      for (View view : views) {
        if (!Check.within(20_000, () -> view.see().equals(there))) Check.equal("the cache", there, view.see());
      }
    } finally {
      writing.unlock();
    }
    steps.await(1);
  }

  private void look(String path, Map<String, String> found) throws Exception {
    try {
      found.put(path, Clients.text(writer, path));
      for (String child : writer.getChildren().forPath(path)) look(path + "/" + child, found);
    } catch (KeeperException.NoNodeException e) {
      Check.equal("who may be missing", ROOT, path);
    }
  }

  @Override
  public String finish() throws Exception {
    goOn();
    steps.end();
    return "the caches hold what is there";
  }

  private static View curatorCache(Caches caches, CuratorFramework client) {
    CuratorCache cache = CuratorCache.build(client, ROOT);
    cache.listenable().addListener(CuratorCacheListener.builder().forChanges((before, after) -> {
      if (after.getStat().getMzxid() <= before.getStat().getMzxid()) {
        caches.steps.fail(new IllegalStateException("the cache goes back: " + before + " to " + after));
      }
    }).build());
    cache.start();
    return () -> texts(cache.stream().toList());
  }

  private static View treeCache(Caches caches, CuratorFramework client) throws Exception {
    TreeCache cache = new TreeCache(client, ROOT);
    cache.start();
    return () -> {
      List<ChildData> all = new ArrayList<>();
      collect(cache, ROOT, all);
      return texts(all);
    };
  }

  private static void collect(TreeCache cache, String path, List<ChildData> all) {
    ChildData data = cache.getCurrentData(path);
    Map<String, ChildData> children = cache.getCurrentChildren(path);
    if (data != null) all.add(data);
    if (children != null) for (String name : children.keySet()) collect(cache, path + "/" + name, all);
  }

  private static View pathChildrenCache(Caches caches, CuratorFramework client) throws Exception {
    PathChildrenCache cache = new PathChildrenCache(client, ROOT, true);
    cache.start();
    return () -> {
      Map<String, String> seen = texts(cache.getCurrentData());
      seen.put(ROOT, "");
      return seen;
    };
  }

  private static View nodeCache(Caches caches, CuratorFramework client) throws Exception {
    NodeCache cache = new NodeCache(client, ROOT);
    cache.start();
    return () -> texts(cache.getCurrentData() == null ? List.of() : List.of(cache.getCurrentData()));
  }

  private static Map<String, String> texts(List<ChildData> all) {
    Map<String, String> texts = new TreeMap<>();
    for (ChildData data : all) texts.put(data.getPath(), Clients.text(data.getData()));
    return texts;
  }
}
