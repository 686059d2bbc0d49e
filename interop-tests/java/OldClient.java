// What every Java client since 3.5 can do: compiled against each release on its own, and so without the helpers of the other programs.
import static org.apache.zookeeper.ZooDefs.Ids.CREATOR_ALL_ACL;
import static org.apache.zookeeper.ZooDefs.Ids.OPEN_ACL_UNSAFE;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.Watcher.Event.EventType;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Stat;

final class OldClient {
    private static final int PATIENCE_SECONDS = 30;
    private static String servers;

    public static void main(String[] args) throws Exception {
        servers = args[0];
        Events session = new Events();
        ZooKeeper zk = connect(servers, 10_000, session);
        creates(zk);
        watches(zk);
        transactions(zk);
        permissions(zk);
        expires(zk);
        zk.close();
        System.out.println("done");
    }

    private static void creates(ZooKeeper zk) throws Exception {
        for (CreateMode mode : CreateMode.values()) {
            Stat stat = new Stat();
            long ttl = mode.isTTL() ? 60_000 : -1;
            say("create " + mode, () -> zk.create("/" + mode, bytes("x"), OPEN_ACL_UNSAFE, mode, stat, ttl) + " " + show(stat));
        }
        say("again", () -> zk.create("/PERSISTENT", bytes("x"), OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
        say("no parent", () -> zk.create("/none/x", bytes("x"), OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
        say("set", () -> show(zk.setData("/PERSISTENT", bytes("new"), 0)));
        say("set again", () -> show(zk.setData("/PERSISTENT", bytes("new"), 0)));
        say("get", () -> new String(zk.getData("/PERSISTENT", false, null)));
        say("children", () -> sorted(zk.getChildren("/", false)));
        say("delete", () -> {
            zk.delete("/PERSISTENT", 1);
            return zk.exists("/PERSISTENT", false);
        });
    }

    private static void watches(ZooKeeper zk) throws Exception {
        Events events = new Events();
        zk.exists("/w", events);
        zk.create("/w", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
        events.say();
        zk.getData("/w", events, null);
        zk.setData("/w", bytes("1"), -1);
        events.say();
        zk.getChildren("/w", events);
        zk.create("/w/child", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
        events.say();
        zk.getData("/w", events, null);
        say("remove", () -> {
            zk.removeWatches("/w", events, Watcher.WatcherType.Data, false);
            return "ok";
        });
        events.say();
        zk.getData("/w/child", events, null);
        zk.delete("/w/child", -1);
        events.say();

        Link link = new Link(servers);
        Events session = new Events();
        ZooKeeper other = connect(link.address(), 10_000, session);
        Events missed = new Events();
        other.getData("/w", missed, null);
        other.create("/w/ephemeral", null, OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL);
        link.cut();
        session.await(KeeperState.Disconnected);
        zk.setData("/w", bytes("2"), -1);
        link.mend();
        session.await(KeeperState.SyncConnected);
        missed.say();
        say("still mine", () -> other.exists("/w/ephemeral", false).getEphemeralOwner() == other.getSessionId());
        other.close();
        link.close();
        say("gone with its session", () -> zk.exists("/w/ephemeral", false));
    }

    private static void transactions(ZooKeeper zk) throws Exception {
        say("multi", () -> zk.multi(Arrays.asList(Op.create("/m", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT), Op.check("/m", 0),
            Op.setData("/m", bytes("1"), 0), Op.delete("/m", 1))).size());
        say("refused multi", () -> zk.multi(Arrays.asList(Op.create("/m", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT), Op.check("/m", 7))));
        say("nothing was done", () -> zk.exists("/m", false));
    }

    private static void permissions(ZooKeeper zk) throws Exception {
        zk.addAuthInfo("digest", bytes("me:secret"));
        zk.create("/private", null, CREATOR_ALL_ACL, CreateMode.PERSISTENT);
        ZooKeeper guest = connect(servers, 10_000, new Events());
        say("guest", () -> guest.getData("/private", false, null));
        say("owner", () -> {
            List<ACL> acl = zk.getACL("/private", new Stat());
            return acl.get(0).getPerms() + " " + acl.get(0).getId().getId();
        });
        guest.close();
    }

    private static void expires(ZooKeeper zk) throws Exception {
        Link link = new Link(servers);
        Events session = new Events();
        ZooKeeper shortLived = connect(link.address(), 1_000, session);
        shortLived.create("/short", null, OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL);
        Events gone = new Events();
        zk.exists("/short", gone);
        link.cut();
        gone.say();
        link.mend();
        session.await(KeeperState.Expired);
        say("expired", () -> shortLived.exists("/", false));
        link.close();
    }

    private static ZooKeeper connect(String address, int timeoutMs, Events session) throws Exception {
        ZooKeeper zk = new ZooKeeper(address, timeoutMs, session);
        session.await(KeeperState.SyncConnected);
        return zk;
    }

    private static void say(String what, Callable<?> operation) throws Exception {
        String result;
        try {
            result = String.valueOf(operation.call());
        } catch (KeeperException refusal) {
            result = refusal.code().toString();
        }
        System.out.println(what + " -> " + result);
    }

    private static String show(Stat stat) {
        return String.format("c=%x m=%x p=%x v=%d cv=%d owned=%b", stat.getCzxid(), stat.getMzxid(), stat.getPzxid(), stat.getVersion(),
            stat.getCversion(), stat.getEphemeralOwner() != 0);
    }

    private static List<String> sorted(List<String> names) {
        Collections.sort(names);
        return names;
    }

    private static byte[] bytes(String text) {
        return text.getBytes();
    }

    private static final class Events implements Watcher {
        private final BlockingQueue<WatchedEvent> events = new LinkedBlockingQueue<>();

        @Override
        public void process(WatchedEvent event) {
            events.add(event);
        }

        /** Says the next event that is not about the connection. */
        void say() throws Exception {
            WatchedEvent event = next();
            while (event.getType() == EventType.None) {
                event = next();
            }
            System.out.println("  " + event.getType() + " " + event.getPath());
        }

        void await(KeeperState state) throws Exception {
            WatchedEvent event = next();
            while (event.getState() != state) {
                event = next();
            }
        }

        private WatchedEvent next() throws Exception {
            WatchedEvent event = events.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
            if (event == null) {
                throw new IllegalStateException("no event came");
            }
            return event;
        }
    }
}
