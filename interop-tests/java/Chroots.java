// A client below a chroot: its paths, its events, its watches after a reconnect.
import static org.apache.zookeeper.ZooDefs.Ids.OPEN_ACL_UNSAFE;

import java.util.List;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.Watcher.WatcherType;
import org.apache.zookeeper.ZooKeeper;

final class Chroots {
    public static void main(String[] args) throws Exception {
        ZooKeeper whole = Trace.connect(args[0]);
        Link link = new Link(args[0]);
        Trace.Events session = new Trace.Events("session");
        ZooKeeper zk = Trace.connect(link.address() + "/some/where", 10_000, session);
        Trace.session(zk.getSessionId());
        Trace.attempt("the root is missing", () -> zk.getChildren("/", false));
        Trace.attempt("create below it", () -> zk.create("/a", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
        whole.create("/some", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
        Trace.attempt("create the root", () -> zk.create("/", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
        Trace.attempt("create", () -> zk.create("/a", Trace.bytes("1"), OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
        Trace.attempt("sequence", () -> zk.create("/s", null, OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL_SEQUENTIAL));
        Trace.attempt("multi", () -> zk.multi(List.of(Op.create("/m", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT), Op.check("/m", 0))));
        Trace.attempt("ephemerals", () -> Trace.sorted(zk.getEphemerals()));
        Trace.attempt("from outside", () -> Trace.sorted(whole.getChildren("/some/where", false)));
        Trace.attempt("number", () -> zk.getAllChildrenNumber("/"));

        Trace.Events child = new Trace.Events("child");
        Trace.Events data = new Trace.Events("data");
        Trace.Events below = new Trace.Events("below");
        zk.getChildren("/", child);
        zk.getData("/a", data, null);
        zk.addWatch("/", below, AddWatchMode.PERSISTENT_RECURSIVE);
        whole.setData("/some/where/a", null, -1);
        whole.create("/some/where/b", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
        Trace.sayEvents(zk, child, data, below);

        zk.getChildren("/", child);
        zk.getData("/a", data, null);
        link.cut();
        session.await(KeeperState.Disconnected);
        whole.setData("/some/where/a", null, -1);
        whole.delete("/some/where/b", -1);
        link.mend();
        session.await(KeeperState.SyncConnected);
        Trace.sayEvents(zk, child, data, below);
        whole.setData("/some/where/a", null, -1);
        Trace.sayEvents(zk, child, data, below);
        Trace.run("remove", () -> zk.removeWatches("/", below, WatcherType.Any, false));
        zk.close();
        whole.close();
        link.close();
        Trace.say("done");
    }
}
