// Every operation of the Java client with good and bad arguments, one session.
import static org.apache.zookeeper.ZooDefs.Ids.OPEN_ACL_UNSAFE;

import java.util.Collections;
import java.util.List;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.Stat;

final class Operations {
    private static ZooKeeper zk;

    public static void main(String[] args) throws Exception {
        zk = Trace.connect(args[0]);
        Trace.session(zk.getSessionId());
        freshTree();
        creations();
        changes();
        readings();
        deletions();
        sizes();
        zk.close();
        Trace.say("done");
    }

    private static void freshTree() throws Exception {
        for (String path : List.of("/", "/zookeeper", "/zookeeper/quota", "/zookeeper/config", "/none")) {
            look(path);
        }
    }

    private static void creations() throws Exception {
        for (CreateMode mode : CreateMode.values()) {
            String path = "/" + mode.name().toLowerCase() + "-";
            long ttl = mode.isTTL() ? 60_000 : -1;
            create(path, "data", mode, ttl);
            create(path, "again", mode, ttl);
            create(path + "/child", "", CreateMode.PERSISTENT, -1);
        }
        create("/persistent-/s", "", CreateMode.PERSISTENT_SEQUENTIAL, -1);
        create("/persistent-/s", "", CreateMode.EPHEMERAL_SEQUENTIAL, -1);
        create("/none/child", "", CreateMode.PERSISTENT, -1);
        create("/zookeeper/mine", "", CreateMode.PERSISTENT, -1);
        create("/zookeeper/config/mine", "", CreateMode.PERSISTENT, -1);
        create("/sp ace", "ünïcödé", CreateMode.PERSISTENT, -1);
        create("/日本", "語", CreateMode.PERSISTENT, -1);
        create("/a/../b", "", CreateMode.PERSISTENT, -1);
        create("/ttl", "", CreateMode.PERSISTENT_WITH_TTL, 1L << 40);
        Trace.attempt("create null data", () -> zk.create("/nodata", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
        Trace.attempt("create no acl", () -> zk.create("/noacl", new byte[0], Collections.emptyList(), CreateMode.PERSISTENT));
    }

    private static void create(String path, String data, CreateMode mode, long ttl) throws Exception {
        Stat stat = new Stat();
        String what = "create " + path + " " + mode;
        Trace.attempt(what, () -> zk.create(path, Trace.bytes(data), OPEN_ACL_UNSAFE, mode, stat, ttl) + " {" + Trace.show(stat) + "}");
    }

    private static void changes() throws Exception {
        for (int version : new int[] {0, 0, 1, -1, -2, 7}) {
            Trace.attempt("set version " + version, () -> zk.setData("/persistent-", Trace.bytes("v" + version), version));
        }
        Trace.attempt("set null", () -> zk.setData("/nodata", null, -1));
        Trace.attempt("set empty", () -> zk.setData("/nodata", new byte[0], -1));
        Trace.attempt("set none", () -> zk.setData("/none", Trace.bytes("x"), -1));
        Trace.attempt("set config", () -> zk.setData("/zookeeper/config", Trace.bytes("x"), -1));
        Trace.attempt("set /", () -> zk.setData("/", Trace.bytes("root"), -1));
        Trace.attempt("set /zookeeper", () -> zk.setData("/zookeeper", Trace.bytes("z"), 0));
        for (int version : new int[] {0, 0, -1, 5}) {
            Trace.attempt("setACL version " + version, () -> zk.setACL("/persistent-", OPEN_ACL_UNSAFE, version));
        }
        Trace.attempt("setACL none", () -> zk.setACL("/none", OPEN_ACL_UNSAFE, -1));
    }

    private static void readings() throws Exception {
        for (String path : List.of("/", "/persistent-", "/nodata", "/sp ace", "/日本", "/none", "/zookeeper")) {
            look(path);
        }
        Trace.attempt("ephemerals", () -> Trace.sorted(zk.getEphemerals()));
        Trace.attempt("ephemerals below", () -> Trace.sorted(zk.getEphemerals("/ephemeral")));
        Trace.attempt("ephemerals nowhere", () -> zk.getEphemerals("/none"));
        Trace.run("sync none", () -> zk.sync("/none"));
        Trace.attempt("whoAmI", () -> zk.whoAmI());
        Stat stat = new Stat();
        Trace.attempt("config", () -> Trace.show(zk.getConfig(false, stat)) + " " + Trace.show(stat));
        Trace.say("timeout " + zk.getSessionTimeout());
    }

    private static void look(String path) throws Exception {
        Stat stat = new Stat();
        Trace.attempt("exists " + path, () -> zk.exists(path, false));
        Trace.attempt("get " + path, () -> Trace.show(zk.getData(path, false, stat)) + " " + Trace.show(stat));
        Trace.attempt("children " + path, () -> Trace.sorted(zk.getChildren(path, false)));
        Trace.attempt("children2 " + path, () -> Trace.sorted(zk.getChildren(path, false, stat)) + " " + Trace.show(stat));
        Trace.attempt("number " + path, () -> zk.getAllChildrenNumber(path));
        Trace.attempt("acl " + path, () -> Trace.show(zk.getACL(path, stat)) + " " + Trace.show(stat));
    }

    private static void deletions() throws Exception {
        Trace.run("delete not empty", () -> zk.delete("/persistent-", -1));
        Trace.run("delete not empty, wrong version", () -> zk.delete("/persistent-", 77));
        Trace.run("delete wrong version", () -> zk.delete("/nodata", 77));
        Trace.run("delete right version", () -> zk.delete("/nodata", 2));
        Trace.run("delete again", () -> zk.delete("/nodata", -1));
        for (String path : List.of("/", "/zookeeper", "/zookeeper/config", "/zookeeper/quota", "/none/child", "/日本")) {
            Trace.run("delete " + path, () -> zk.delete(path, -1));
        }
        look("/");
    }

    private static void sizes() throws Exception {
        create("/big", "", CreateMode.PERSISTENT, -1);
        for (int length : new int[] {1, 100_000, 1_000_000, 1_048_000}) {
            Trace.attempt("set " + length, () -> zk.setData("/big", Trace.filled(length), -1));
            Trace.attempt("get", () -> zk.getData("/big", false, null));
        }
        for (int i = 0; i < 200; i++) {
            zk.create("/big/a-rather-long-name-for-a-child-of-a-node-" + i, null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
        }
        Trace.attempt("children", () -> zk.getChildren("/big", false).size());
    }
}
