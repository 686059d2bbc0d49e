package tskeeper.apps;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.nodes.GroupMember;
import org.apache.curator.framework.recipes.nodes.PersistentEphemeralNode;
import org.apache.curator.framework.recipes.nodes.PersistentNode;
import org.apache.curator.framework.recipes.nodes.PersistentTtlNode;
import org.apache.curator.framework.recipes.watch.PersistentWatcher;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.data.Stat;

/** Nodes that tell who is there, and a watch that stays. */
final class Members {
  private static final byte[] HERE = "here".getBytes(StandardCharsets.UTF_8);
  private static final String PATH = "/members/node";

  private Members() {}

  static void list(Map<String, Function<Clients, Recipe>> recipes) {
    recipes.put("GroupMember", Group::new);
    recipes.put("PersistentNode", clients -> new Node(clients, Members::persistentNode));
    recipes.put("PersistentEphemeralNode", clients -> new Node(clients, Members::persistentEphemeralNode));
    recipes.put("PersistentTtlNode", Ttl::new);
    recipes.put("PersistentWatcher", Watch::new);
  }

  /** Three members; one goes and comes back, one says something else. */
  private static final class Group implements Recipe {
    private final List<CuratorFramework> clients;
    private final List<GroupMember> members = new ArrayList<>();

    Group(Clients clients) {
      this.clients = clients.patient(3);
      for (int index = 0; index < 3; index++) members.add(member(index));
    }

    private GroupMember member(int index) {
      return new GroupMember(clients.get(index), PATH, "member-" + index, HERE);
    }

    @Override
    public void begin() throws Exception {
      for (GroupMember member : members) member.start();
      awaitSeen(3);
    }

    private void awaitSeen(int wanted) throws Exception {
      for (int index = 0; index < wanted; index++) {
        GroupMember member = members.get(index);
        Check.eventually("member " + index + " sees " + wanted, () -> member.getCurrentMembers().size() == wanted);
      }
    }

    @Override
    public void goOn() throws Exception {
      awaitSeen(3);
      members.get(2).close();
      awaitSeen(2);
      members.set(2, member(2));
      members.get(2).start();
      awaitSeen(3);
    }

    @Override
    public String finish() throws Exception {
      members.get(0).setThisData("changed".getBytes(StandardCharsets.UTF_8));
      for (GroupMember member : members) {
        Check.eventually("all see the change", () -> {
          byte[] seen = member.getCurrentMembers().get("member-0");
          return seen != null && Clients.text(seen).equals("changed");
        });
      }
      return "three see three";
    }
  }

  private static PersistentNode persistentNode(CuratorFramework client, String path) {
    return new PersistentNode(client, CreateMode.EPHEMERAL, true, path, HERE);
  }

  @SuppressWarnings("deprecation")
  private static PersistentNode persistentEphemeralNode(CuratorFramework client, String path) {
    return new PersistentEphemeralNode(client, PersistentEphemeralNode.Mode.EPHEMERAL, path, HERE);
  }

  /** Comes back when it is deleted and when its session ends, and is the same node while nothing happens to it. */
  private static final class Node implements Recipe {
    private final Clients clients;
    private final CuratorFramework client;
    private final CuratorFramework onlooker;
    private final PersistentNode node;

    Node(Clients clients, BiFunction<CuratorFramework, String, PersistentNode> maker) {
      this.clients = clients;
      client = clients.patient();
      onlooker = clients.patient();
      node = maker.apply(client, PATH);
    }

    @Override
    public void begin() throws Exception {
      node.start();
      Check.that(node.waitForInitialCreate(20, TimeUnit.SECONDS), "the node is not created");
      deleteAndAwait();
    }

    private void deleteAndAwait() throws Exception {
      Stat before = present();
      onlooker.delete().quietly().forPath(node.getActualPath());
      awaitAnotherThan(before);
    }

    private void awaitAnotherThan(Stat before) throws Exception {
      Check.eventually("the node is made anew", () -> {
        Stat now = onlooker.checkExists().forPath(node.getActualPath());
        return now != null && now.getCzxid() > before.getCzxid();
      });
      Check.equal("what it says", "here", Clients.text(onlooker, node.getActualPath()));
    }

    private Stat present() throws Exception {
      onlooker.sync().forPath(PATH);
      Stat stat = onlooker.checkExists().forPath(node.getActualPath());
      Check.that(stat != null, "the node is missing");
      return stat;
    }

    @Override
    public void goOn() throws Exception {
      Check.equal("the owner", client.getZookeeperClient().getZooKeeper().getSessionId(), present().getEphemeralOwner());
      deleteAndAwait();
    }

    @Override
    public String finish() throws Exception {
      Stat before = present();
      clients.expire(client);
      awaitAnotherThan(before);
      Check.that(present().getEphemeralOwner() != before.getEphemeralOwner(), "the owner is the same");
      String path = node.getActualPath();
      node.close();
      Check.eventually("the node goes", () -> onlooker.checkExists().forPath(path) == null);
      return "comes back until it is closed";
    }
  }

  /** Stays while it is touched. */
  private static final class Ttl implements Recipe {
    private static final long TTL_MS = 1000;

    private final CuratorFramework onlooker;
    private final PersistentTtlNode node;

    Ttl(Clients clients) {
      onlooker = clients.patient();
      node = new PersistentTtlNode(clients.patient(), PATH, TTL_MS, HERE);
    }

    @Override
    public void begin() throws Exception {
      node.start();
      Check.that(node.waitForInitialCreate(20, TimeUnit.SECONDS), "the node is not created");
      Clients.put(onlooker, "/members/untouched/node", "");
      onlooker.create().withTtl(TTL_MS).withMode(CreateMode.PERSISTENT_WITH_TTL).forPath("/members/untouched/left", HERE);
    }

    /** While no server could be reached it may have been too late for its touch, but then it is made anew. */
    @Override
    public void goOn() throws Exception {
      Check.eventually("the node is there", () -> onlooker.checkExists().forPath(PATH + "/touch") != null);
      // A busy machine may keep the recipe from a touch now and then; who touches it in vain never sees it stay.
      Check.eventually("a node that is touched stays", () -> {
        Stat before = onlooker.checkExists().forPath(PATH);
        Thread.sleep(3 * TTL_MS);
        Stat after = onlooker.checkExists().forPath(PATH);
        return before != null && after != null && after.getCzxid() == before.getCzxid();
      });
      Check.eventually("a node that is not touched goes", () -> onlooker.checkExists().forPath("/members/untouched/left") == null);
    }

    @Override
    public String finish() throws Exception {
      node.close();
      Check.eventually("the node goes", () -> onlooker.checkExists().forPath(PATH) == null);
      return "stays until it is closed";
    }
  }

  /** Sees each change below its path in order, before and after a connection is lost. */
  private static final class Watch implements Recipe {
    private static final int CHANGES = 20;

    private final CuratorFramework client;
    private final CuratorFramework writer;
    private final PersistentWatcher watcher;
    private final ConcurrentLinkedQueue<String> seen = new ConcurrentLinkedQueue<>();
    private final AtomicInteger changes = new AtomicInteger();
    private int rounds;

    Watch(Clients clients) {
      client = clients.patient();
      writer = clients.patient();
      watcher = new PersistentWatcher(client, PATH, true);
      watcher.getListenable().addListener(event -> {
        if (event.getPath() != null) seen.add(event.getType() + " " + event.getPath());
      });
      client.getConnectionStateListenable().addListener((from, state) -> changes.incrementAndGet());
    }

    @Override
    public void begin() throws Exception {
      Clients.put(writer, PATH, "");
      watcher.start();
      goOn();
    }

    /** A round in which the connection was lost tells nothing: what happens then is not told later. */
    @Override
    public void goOn() throws Exception {
      for (;;) {
        client.blockUntilConnected();
        int before = changes.get();
        List<String> wanted = round(PATH + "/" + rounds++);
        if (Check.within(10_000, () -> seen.size() >= wanted.size()) && List.copyOf(seen).equals(wanted)) return;
        Check.that(before != changes.get(), "seen is " + seen + " of " + wanted);
      }
    }

    private List<String> round(String base) throws Exception {
      // Everything before has been told when this is, and what the watch is set again for has been seen.
      String mark = base + "-mark";
      Check.eventually("the watch is set", () -> {
        writer.create().orSetData().forPath(mark);
        return Check.within(500, () -> seen.stream().anyMatch(event -> event.endsWith(mark)));
      });
      client.sync().forPath(PATH);
      seen.clear();
      List<String> wanted = new ArrayList<>();
      for (int number = 0; number < CHANGES; number++) {
        String path = base + "-" + number;
        try {
          writer.create().forPath(path);
          writer.setData().forPath(path, HERE);
          writer.delete().forPath(path);
        } catch (KeeperException.NodeExistsException | KeeperException.NoNodeException e) {
          // Retried: this round is not to be counted.
          changes.incrementAndGet();
        }
        for (String type : List.of("NodeCreated ", "NodeDataChanged ", "NodeDeleted ")) wanted.add(type + path);
      }
      return wanted;
    }

    @Override
    public String finish() throws Exception {
      goOn();
      watcher.close();
      return "each change is seen, in order";
    }
  }
}
