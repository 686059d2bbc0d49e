// What happens to watches, ephemerals, identities and sessions when the connection breaks: the client comes back in time, too late, or from
// elsewhere.
import static org.apache.zookeeper.ZooDefs.Ids.CREATOR_ALL_ACL;
import static org.apache.zookeeper.ZooDefs.Ids.OPEN_ACL_UNSAFE;

import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooKeeper;

final class Reconnects {
    private static String servers;
    private static ZooKeeper actor;

    public static void main(String[] args) throws Exception {
        servers = args[0];
        actor = Trace.connect(servers);
        Trace.session(actor.getSessionId());
        comesBack();
        pendingRequests();
        moves();
        wrongPassword();
        expires();
        timeouts();
        actor.close();
        Trace.say("done");
    }

    private static void create(String path) throws Exception {
        actor.create(path, Trace.bytes("0"), OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
    }

    private static final List<String> NODES = List.of("/same", "/changed", "/gone", "/remade", "/parent", "/absent", "/appears");

    private static void comesBack() throws Exception {
        Trace.say("watches are set again");
        Link link = new Link(servers);
        Trace.Events session = new Trace.Events("session");
        ZooKeeper zk = Trace.connect(link.address(), 10_000, session);
        zk.addAuthInfo("digest", Trace.bytes("me:secret"));
        zk.create("/private", null, CREATOR_ALL_ACL, CreateMode.EPHEMERAL);
        for (String path : NODES.subList(0, 5)) {
            create(path);
        }
        Trace.Events[] watches = new Trace.Events[NODES.size() * 3 + 2];
        int count = 0;
        for (String path : NODES) {
            boolean present = zk.exists(path, false) != null;
            Trace.Events exists = watches[count++] = new Trace.Events("exists " + path);
            Trace.Events data = watches[count++] = new Trace.Events("data " + path);
            Trace.Events child = watches[count++] = new Trace.Events("child " + path);
            if (!present) {
                zk.exists(path, exists);
                continue;
            }
            zk.getData(path, data, null);
            zk.getChildren(path, child);
        }
        Trace.Events persistent = watches[count++] = new Trace.Events("persistent");
        Trace.Events recursive = watches[count++] = new Trace.Events("recursive");
        zk.addWatch("/changed", persistent, AddWatchMode.PERSISTENT);
        zk.addWatch("/parent", recursive, AddWatchMode.PERSISTENT_RECURSIVE);

        link.cut();
        session.await(KeeperState.Disconnected);
        actor.setData("/changed", Trace.bytes("1"), -1);
        actor.delete("/gone", -1);
        actor.delete("/remade", -1);
        create("/remade");
        create("/parent/child");
        create("/appears");
        link.mend();
        session.await(KeeperState.SyncConnected);
        Trace.sayEvents(zk, watches);
        Trace.attempt("my own node", () -> zk.getData("/private", false, null));
        Trace.attempt("its owner is this session", () -> zk.exists("/private", false).getEphemeralOwner() == zk.getSessionId());

        Trace.say("and fire again");
        for (String path : List.of("/same", "/changed", "/remade", "/parent", "/appears")) {
            actor.setData(path, Trace.bytes("2"), -1);
        }
        create("/absent");
        create("/parent/other");
        create("/changed/child");
        Trace.sayEvents(zk, watches);
        zk.close();
        link.close();
    }

    private static void pendingRequests() throws Exception {
        Trace.say("what was under way is lost");
        Link link = new Link(servers);
        Trace.Events session = new Trace.Events("session");
        ZooKeeper zk = Trace.connect(link.address(), 10_000, session);
        link.cut();
        session.await(KeeperState.Disconnected);
        Trace.attempt("create", () -> zk.create("/pending", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
        link.mend();
        session.await(KeeperState.SyncConnected);
        Trace.attempt("create", () -> zk.create("/pending", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
        zk.close();
        link.close();
    }

    private static void moves() throws Exception {
        Trace.say("a session is taken over by another connection");
        Link link = new Link(servers);
        Trace.Events first = new Trace.Events("first");
        ZooKeeper zk = Trace.connect(link.address(), 10_000, first);
        zk.create("/mine", null, OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL);
        long id = zk.getSessionId();
        Trace.Events second = new Trace.Events("second");
        ZooKeeper other = new ZooKeeper(servers, 10_000, second, id, zk.getSessionPasswd());
        second.await(KeeperState.SyncConnected);
        Trace.say("same id " + (other.getSessionId() == id));
        first.await(KeeperState.Disconnected);
        // The first would take its session back, and the two would go on in turns.
        link.cut();
        Trace.attempt("its node", () -> Trace.patiently(() -> other.getEphemerals()));
        other.close();
        link.mend();
        first.await(KeeperState.Expired);
        Trace.attempt("after close", () -> actor.exists("/mine", false));
        Trace.attempt("the first handle", () -> zk.exists("/", false));
        link.close();
    }

    private static void wrongPassword() throws Exception {
        Trace.say("a wrong password or an unknown session");
        Trace.Events real = new Trace.Events("real");
        ZooKeeper zk = Trace.connect(servers, 10_000, real);
        Trace.Events events = new Trace.Events("wrong");
        ZooKeeper wrong = new ZooKeeper(servers, 10_000, events, zk.getSessionId(), new byte[16]);
        events.await(KeeperState.Expired);
        wrong.close();
        // The attempt alone has ended the connection of the real client, which comes back.
        real.await(KeeperState.Disconnected);
        real.await(KeeperState.SyncConnected);
        Trace.attempt("the real one", () -> Trace.patiently(() -> zk.exists("/", false)) != null);
        Trace.Events unknownEvents = new Trace.Events("unknown");
        ZooKeeper unknown = new ZooKeeper(servers, 10_000, unknownEvents, 0x1234567890abcdefL, zk.getSessionPasswd());
        unknownEvents.await(KeeperState.Expired);
        unknown.close();
        zk.close();
    }

    private static void expires() throws Exception {
        Trace.say("a session expires");
        Link link = new Link(servers);
        Trace.Events session = new Trace.Events("session");
        ZooKeeper zk = Trace.connect(link.address(), 1_000, session);
        Trace.say("timeout " + zk.getSessionTimeout());
        zk.create("/short", Trace.bytes("x"), OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL);
        Trace.Events gone = new Trace.Events("gone");
        actor.exists("/short", gone);
        link.cut();
        gone.sayNext();
        link.mend();
        session.await(KeeperState.Expired);
        Trace.attempt("the old handle", () -> zk.exists("/", false));
        Trace.attempt("the node", () -> actor.exists("/short", false));
        link.close();
    }

    private static void timeouts() throws Exception {
        Trace.say("timeouts are negotiated");
        for (int timeout : new int[] {500, 999, 1_000, 5_000, 10_000, 10_001, 1_000_000}) {
            ZooKeeper zk = Trace.connect(servers, timeout, new Trace.Events("session"));
            Trace.say(timeout + " becomes " + zk.getSessionTimeout());
            zk.close();
        }
        // Pings keep an idle session alive for longer than its timeout.
        Trace.Events idle = new Trace.Events("idle");
        ZooKeeper zk = Trace.connect(servers, 1_000, idle);
        zk.create("/idle", null, OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL);
        CountDownLatch pause = new CountDownLatch(1);
        pause.await(3, TimeUnit.SECONDS);
        Trace.attempt("still there", () -> zk.exists("/idle", false).getEphemeralOwner() == zk.getSessionId());
        zk.close();
    }
}
