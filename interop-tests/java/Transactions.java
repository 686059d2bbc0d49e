// multi and multiRead: results, refusals at each position, and what each operation sees of the ones before it.
import static org.apache.zookeeper.ZooDefs.Ids.OPEN_ACL_UNSAFE;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.CreateOptions;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.Stat;

final class Transactions {
    private static ZooKeeper zk;

    public static void main(String[] args) throws Exception {
        zk = Trace.connect(args[0]);
        Trace.session(zk.getSessionId());
        writes();
        refusals();
        reads();
        zk.close();
        Trace.say("done");
    }

    private static Op create(String path, CreateMode mode) {
        return Op.create(path, Trace.bytes("0"), OPEN_ACL_UNSAFE, CreateOptions.newBuilder(OPEN_ACL_UNSAFE, mode).build().getCreateMode());
    }

    private static void multi(String what, Op... ops) throws Exception {
        Trace.attempt(what, () -> zk.multi(Arrays.asList(ops)));
    }

    private static void writes() throws Exception {
        multi("empty");
        multi("tree", create("/t", CreateMode.PERSISTENT), create("/t/a", CreateMode.PERSISTENT), create("/t/b", CreateMode.EPHEMERAL));
        multi("sequence", create("/t/s", CreateMode.PERSISTENT_SEQUENTIAL), create("/t/s", CreateMode.EPHEMERAL_SEQUENTIAL),
            create("/t/s", CreateMode.PERSISTENT_SEQUENTIAL));
        multi("container", create("/t/c", CreateMode.CONTAINER));
        multi("ttl", Op.create("/t/ttl", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT_WITH_TTL, 50_000));
        multi("set twice", Op.setData("/t/a", Trace.bytes("1"), 0), Op.check("/t/a", 1), Op.setData("/t/a", Trace.bytes("2"), 1));
        multi("replace", Op.delete("/t/a", 2), create("/t/a", CreateMode.PERSISTENT), Op.check("/t/a", 0));
        multi("only checks", Op.check("/t", -1), Op.check("/t/a", 0));
        Stat stat = new Stat();
        Trace.attempt("what is there", () -> Trace.sorted(zk.getChildren("/t", false, stat)) + " " + Trace.show(stat));
        Trace.attempt("transaction", () -> zk.transaction().create("/t/x", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT)
            .setData("/t/x", Trace.bytes("x"), 0).check("/t/x", 1).delete("/t/x", 1).commit());
    }

    private static void refusals() throws Exception {
        Op good = Op.setData("/t", Trace.bytes("good"), -1);
        multi("no node", good, create("/none/a", CreateMode.PERSISTENT), good);
        multi("exists", good, create("/t", CreateMode.PERSISTENT), good);
        multi("created twice", create("/u", CreateMode.PERSISTENT), create("/u", CreateMode.PERSISTENT));
        multi("bad version", Op.check("/t", 99), good);
        multi("set bad version", good, good, Op.setData("/t", null, 99));
        multi("delete bad version", Op.delete("/t/a", 99));
        multi("not empty", Op.delete("/t", -1));
        multi("child of ephemeral", create("/v", CreateMode.EPHEMERAL), create("/v/w", CreateMode.PERSISTENT));
        multi("special node", Op.delete("/zookeeper", -1));
        multi("no permission", Op.setData("/zookeeper/config", null, -1));
        Trace.attempt("nothing was done", () -> zk.exists("/t", false));

        CompletableFuture<String> answer = new CompletableFuture<>();
        zk.multi(List.of(good, Op.check("/none", 0)), (code, path, context, results) ->
            answer.complete(KeeperException.Code.get(code) + " " + Trace.show(results)), null);
        Trace.say("asynchronous -> " + answer.get(Trace.PATIENCE_SECONDS, TimeUnit.SECONDS));
    }

    private static void reads() throws Exception {
        multi("reads", Op.getData("/t/a"), Op.getChildren("/t"), Op.getData("/none"), Op.getChildren("/none"), Op.getData("/t"));
        Trace.attempt("reads and writes do not mix", () -> zk.multi(List.of(Op.getData("/t"), Op.check("/t", 0))));
    }
}
