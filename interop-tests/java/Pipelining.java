// A thousand requests under way at once: answers in the order of the requests, zxids that only grow, events before the answers that
// reflect them.
import static org.apache.zookeeper.ZooDefs.Ids.OPEN_ACL_UNSAFE;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.Stat;

final class Pipelining {
    private static final int ROUNDS = 250;

    public static void main(String[] args) throws Exception {
        ZooKeeper zk = Trace.connect(args[0]);
        zk.create("/p", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
        // Answers and events come from one thread, so the list shows their order.
        List<String> seen = Collections.synchronizedList(new ArrayList<>());
        zk.addWatch("/p", event -> seen.add(event.getType() + " " + event.getPath() + " " + event.getZxid()), AddWatchMode.PERSISTENT_RECURSIVE);
        CountDownLatch answers = new CountDownLatch(ROUNDS * 5);
        for (int i = 0; i < ROUNDS; i++) {
            String path = "/p/" + i;
            int round = i;
            zk.create(path, Trace.bytes("0"), OPEN_ACL_UNSAFE, CreateMode.PERSISTENT, (code, where, context, name, stat) -> {
                seen.add("create " + Code.get(code) + " " + name + " " + Trace.show(stat));
                answers.countDown();
            }, null);
            zk.setData(path, Trace.bytes("1"), round % 3 == 0 ? 7 : 0, (code, where, context, stat) -> {
                seen.add("set " + where + " " + Code.get(code) + " " + Trace.show(stat));
                answers.countDown();
            }, null);
            zk.getData(path, false, (int code, String where, Object context, byte[] data, Stat stat) -> {
                seen.add("get " + where + " " + Code.get(code) + " " + Trace.show(data));
                answers.countDown();
            }, null);
            zk.getChildren("/p", false, (int code, String where, Object context, List<String> children) -> {
                seen.add("children " + Code.get(code) + " " + children.size());
                answers.countDown();
            }, null);
            zk.delete(path, round % 2 == 0 ? -1 : 1, (code, where, context) -> {
                seen.add("delete " + where + " " + Code.get(code));
                answers.countDown();
            }, null);
        }
        if (!answers.await(Trace.PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            throw new IllegalStateException(answers.getCount() + " answers are missing");
        }
        seen.forEach(Trace::say);
        zk.close();
        Trace.say("done");
    }
}
