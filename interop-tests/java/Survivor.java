// A client whose server is restarted under it, as often as its input has lines: its session, its ephemeral, its data and its watch must be kept.
// For every Java client since 3.5, hence without the helpers of the other programs.
import static org.apache.zookeeper.ZooDefs.Ids.OPEN_ACL_UNSAFE;

import java.util.Scanner;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Watcher.Event.EventType;
import org.apache.zookeeper.ZooKeeper;

final class Survivor {
    private static final int PATIENCE_SECONDS = 60;

    public static void main(String[] args) throws Exception {
        Scanner restarts = new Scanner(System.in);
        ZooKeeper zk = new ZooKeeper(args[0], 10_000, event -> { });
        retry(() -> zk.exists("/", false));
        long session = zk.getSessionId();
        zk.create("/survivor", "0".getBytes(), OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
        zk.create("/survivor/ephemeral", null, OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL);
        for (int round = 0;; round++) {
            CountDownLatch changed = new CountDownLatch(1);
            zk.getData("/survivor", event -> {
                if (event.getType() == EventType.NodeDataChanged) {
                    changed.countDown();
                }
            }, null);
            System.out.println("ready");
            if (!restarts.hasNextLine()) {
                break;
            }
            restarts.nextLine();
            String data = new String(retry(() -> zk.getData("/survivor", false, null)));
            check(data.equals(String.valueOf(round)), "the data is " + data);
            check(zk.getSessionId() == session, "the session is another one");
            check(retry(() -> zk.exists("/survivor/ephemeral", false)).getEphemeralOwner() == session, "the ephemeral is not ours");
            String next = String.valueOf(round + 1);
            retry(() -> zk.setData("/survivor", next.getBytes(), -1));
            check(changed.await(PATIENCE_SECONDS, TimeUnit.SECONDS), "the watch did not fire");
            System.out.println("kept");
        }
        zk.close();
        ZooKeeper late = new ZooKeeper(args[0], 10_000, event -> { });
        check(retry(() -> late.getChildren("/survivor", false)).isEmpty(), "the ephemeral outlived its session");
        late.close();
        System.out.println("done");
    }

    private interface Operation<T> {
        T call() throws Exception;
    }

    private static <T> T retry(Operation<T> operation) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        for (;;) {
            try {
                return operation.call();
            } catch (KeeperException.ConnectionLossException lost) {
                if (System.nanoTime() > deadline) {
                    throw lost;
                }
            }
        }
    }

    private static void check(boolean truth, String otherwise) {
        if (!truth) {
            System.out.println("FAILED: " + otherwise);
            System.exit(1);
        }
    }
}
