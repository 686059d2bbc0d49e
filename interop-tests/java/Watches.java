// Watches of every kind, set and fired on one connection and between two.
import static org.apache.zookeeper.ZooDefs.Ids.OPEN_ACL_UNSAFE;

import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.Watcher.WatcherType;
import org.apache.zookeeper.ZooKeeper;

final class Watches {
    private static ZooKeeper watcher;
    private static ZooKeeper actor;

    public static void main(String[] args) throws Exception {
        actor = Trace.connect(args[0]);
        Trace.Events session = new Trace.Events("default");
        watcher = Trace.connect(args[0], 10_000, session);
        oneShot();
        removal();
        persistent();
        recursive();
        inMulti();
        defaultWatcher(session);
        ephemeral(args[0]);
        watcher.close();
        actor.close();
        Trace.say("done");
    }

    private static void create(String path) throws Exception {
        actor.create(path, Trace.bytes("0"), OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
    }

    private static void set(String path) throws Exception {
        actor.setData(path, Trace.bytes("1"), -1);
    }

    private static void delete(String path) throws Exception {
        actor.delete(path, -1);
    }

    private static void oneShot() throws Exception {
        Trace.say("one-shot");
        Trace.Events exists = new Trace.Events("exists");
        Trace.Events data = new Trace.Events("data");
        Trace.Events child = new Trace.Events("child");
        Trace.attempt("exists", () -> watcher.exists("/a", exists));
        Trace.attempt("getData on nothing", () -> watcher.getData("/a", data, null));
        Trace.attempt("getChildren on nothing", () -> watcher.getChildren("/a", child));
        create("/a");
        Trace.sayEvents(watcher, exists, data, child);
        Trace.attempt("getData", () -> watcher.getData("/a", data, null));
        Trace.attempt("getChildren", () -> watcher.getChildren("/a", child));
        create("/a/b");
        Trace.sayEvents(watcher, exists, data, child);
        set("/a");
        set("/a");
        Trace.sayEvents(watcher, exists, data, child);
        Trace.attempt("getData", () -> watcher.getData("/a", data, null));
        Trace.attempt("getChildren", () -> watcher.getChildren("/a", child));
        Trace.attempt("exists", () -> watcher.exists("/a", exists));
        actor.setACL("/a", OPEN_ACL_UNSAFE, -1);
        Trace.sayEvents(watcher, exists, data, child);
        delete("/a/b");
        delete("/a");
        Trace.sayEvents(watcher, exists, data, child);
        Trace.attempt("getChildren of /", () -> Trace.sorted(watcher.getChildren("/", child)));
        create("/a");
        Trace.attempt("both", () -> Trace.show(watcher.getData("/a", data, null)) + watcher.getChildren("/a", data));
        delete("/a");
        Trace.sayEvents(watcher, data, child);
    }

    private static void removal() throws Exception {
        Trace.say("removal");
        create("/r");
        for (WatcherType type : WatcherType.values()) {
            Trace.Events events = new Trace.Events("removed " + type);
            Trace.run("nothing to remove " + type, () -> watcher.removeWatches("/r", events, type, false));
            Trace.run("nothing to remove at all " + type, () -> watcher.removeAllWatches("/r", type, false));
            watcher.getData("/r", events, null);
            watcher.getChildren("/r", events);
            Trace.run("one watcher " + type, () -> watcher.removeWatches("/r", events, type, false));
            Trace.run("all watchers " + type, () -> watcher.removeAllWatches("/r", type, false));
            Trace.run("all watchers again " + type, () -> watcher.removeAllWatches("/r", WatcherType.Any, false));
            set("/r");
            Trace.sayEvents(watcher, events);
        }
        delete("/r");
    }

    private static void persistent() throws Exception {
        Trace.say("persistent");
        Trace.Events events = new Trace.Events("persistent");
        Trace.Events once = new Trace.Events("once");
        Trace.run("addWatch", () -> watcher.addWatch("/p", events, AddWatchMode.PERSISTENT));
        create("/p");
        set("/p");
        create("/p/q");
        set("/p/q");
        create("/p/q/r");
        delete("/p/q/r");
        delete("/p/q");
        Trace.sayEvents(watcher, events);
        watcher.exists("/p", once);
        set("/p");
        set("/p");
        delete("/p");
        create("/p");
        Trace.sayEvents(watcher, events, once);
        Trace.run("remove data", () -> watcher.removeWatches("/p", events, WatcherType.Data, false));
        Trace.run("remove any", () -> watcher.removeAllWatches("/p", WatcherType.Any, false));
        set("/p");
        Trace.sayEvents(watcher, events);
        delete("/p");
    }

    private static void recursive() throws Exception {
        Trace.say("recursive");
        Trace.Events below = new Trace.Events("below /p");
        Trace.Events root = new Trace.Events("below /");
        Trace.Events child = new Trace.Events("child");
        create("/p");
        Trace.run("addWatch", () -> watcher.addWatch("/p", below, AddWatchMode.PERSISTENT_RECURSIVE));
        create("/p/q");
        create("/p/q/r");
        create("/pq");
        set("/p/q/r");
        watcher.getChildren("/p", child);
        create("/p/other");
        delete("/p/q/r");
        delete("/p/q");
        delete("/p/other");
        delete("/p");
        delete("/pq");
        Trace.sayEvents(watcher, below, child);
        Trace.run("addWatch /", () -> watcher.addWatch("/", root, AddWatchMode.PERSISTENT_RECURSIVE));
        create("/p");
        set("/p");
        Trace.sayEvents(watcher, below, root);
        Trace.run("remove", () -> watcher.removeWatches("/p", below, WatcherType.Any, false));
        delete("/p");
        Trace.sayEvents(watcher, below, root);
        Trace.run("remove /", () -> watcher.removeAllWatches("/", WatcherType.Any, false));
        Trace.run("remove / again", () -> watcher.removeAllWatches("/", WatcherType.Any, false));
    }

    private static void inMulti() throws Exception {
        Trace.say("multi");
        Trace.Events data = new Trace.Events("data");
        Trace.Events child = new Trace.Events("child");
        Trace.Events all = new Trace.Events("all");
        create("/m");
        watcher.getData("/m", data, null);
        watcher.getChildren("/m", child);
        watcher.addWatch("/m", all, AddWatchMode.PERSISTENT_RECURSIVE);
        try {
            actor.multi(java.util.List.of(Op.setData("/m", null, -1), Op.check("/m", 77)));
        } catch (KeeperException refusal) {
            Trace.say("refused " + refusal.code());
        }
        Trace.sayEvents(watcher, data, child, all);
        actor.multi(java.util.List.of(Op.create("/m/a", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT),
            Op.create("/m/b", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT), Op.setData("/m", null, -1), Op.setData("/m", null, -1),
            Op.delete("/m/a", -1), Op.delete("/m/b", -1), Op.delete("/m", -1)));
        Trace.sayEvents(watcher, data, child, all);
        watcher.removeAllWatches("/m", WatcherType.Any, false);
    }

    private static void defaultWatcher(Trace.Events session) throws Exception {
        Trace.say("default watcher");
        Trace.attempt("exists", () -> watcher.exists("/d", true));
        create("/d");
        watcher.getChildren("/d", true);
        watcher.getData("/d", true, null);
        delete("/d");
        Trace.sayEvents(watcher, session);
    }

    private static void ephemeral(String servers) throws Exception {
        Trace.say("ephemeral");
        Trace.Events child = new Trace.Events("child");
        Trace.Events one = new Trace.Events("one");
        create("/e");
        ZooKeeper owner = Trace.connect(servers);
        owner.create("/e/one", null, OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL);
        watcher.getChildren("/e", child);
        watcher.exists("/e/one", one);
        owner.close();
        Trace.sayEvents(watcher, child, one);
        Trace.attempt("what is left", () -> watcher.exists("/e", false));
        delete("/e");
    }
}
