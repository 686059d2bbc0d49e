// What the Java client programs have in common: they write down everything that a client is told, in a form that is the same for every run.
// Session ids become numbers in the order of their appearance, times become "now" or 0, lists without an order are sorted.
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.ClientInfo;
import org.apache.zookeeper.data.Stat;

final class Trace {
    static final int PATIENCE_SECONDS = 30;
    private static final List<Long> sessions = new ArrayList<>();

    private Trace() {
    }

    static synchronized void say(String line) {
        System.out.println(line);
    }

    /** Says what came of an operation: its result, or the code of its refusal. */
    static void attempt(String what, Callable<?> operation) throws Exception {
        try {
            say(what + " -> " + show(operation.call()));
        } catch (KeeperException refusal) {
            say(what + " -> " + refusal.code() + (refusal.getPath() == null ? "" : " " + refusal.getPath()) + results(refusal));
        } catch (IllegalArgumentException refusal) {
            say(what + " -> refused by the client");
        }
    }

    /** As attempt, for operations without a result. */
    static void run(String what, Action operation) throws Exception {
        attempt(what, () -> {
            operation.run();
            return "ok";
        });
    }

    /** Asks again as long as the connection is lost. */
    static <T> T patiently(Callable<T> operation) throws Exception {
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

    interface Action {
        void run() throws Exception;
    }

    private static String results(KeeperException refusal) {
        List<OpResult> results = refusal.getResults();
        return results == null ? "" : " " + show(results);
    }

    static String show(Object value) {
        if (value == null) {
            return "null";
        }
        if (value instanceof byte[]) {
            byte[] bytes = (byte[]) value;
            return bytes.length > 100 ? bytes.length + " bytes" : "\"" + new String(bytes, StandardCharsets.UTF_8) + "\"";
        }
        if (value instanceof Stat) {
            return show((Stat) value);
        }
        if (value instanceof ACL) {
            ACL acl = (ACL) value;
            return acl.getPerms() + "=" + acl.getId().getScheme() + ":" + acl.getId().getId();
        }
        if (value instanceof ClientInfo) {
            return ((ClientInfo) value).getAuthScheme() + ":" + ((ClientInfo) value).getUser();
        }
        if (value instanceof OpResult) {
            return show((OpResult) value);
        }
        if (value instanceof List) {
            return ((List<?>) value).stream().map(Trace::show).collect(Collectors.joining(", ", "[", "]"));
        }
        return value.toString();
    }

    /** A list whose order means nothing. */
    static List<String> sorted(List<?> values) {
        return values.stream().map(Trace::show).sorted().collect(Collectors.toList());
    }

    private static String show(Stat stat) {
        return String.format("c=%x m=%x p=%x v=%d cv=%d av=%d owner=%s len=%d kids=%d ctime=%s mtime=%s", stat.getCzxid(), stat.getMzxid(),
            stat.getPzxid(), stat.getVersion(), stat.getCversion(), stat.getAversion(), session(stat.getEphemeralOwner()),
            stat.getDataLength(), stat.getNumChildren(), time(stat.getCtime()), time(stat.getMtime()));
    }

    private static String time(long time) {
        return Math.abs(System.currentTimeMillis() - time) < TimeUnit.MINUTES.toMillis(5) ? "now" : Long.toString(time);
    }

    /** A session id by the order in which the program met it. */
    static synchronized String session(long id) {
        if (id == 0) {
            return "none";
        }
        if (!sessions.contains(id)) {
            sessions.add(id);
        }
        return "session" + (sessions.indexOf(id) + 1);
    }

    private static String show(OpResult result) {
        if (result instanceof OpResult.ErrorResult) {
            return KeeperException.Code.get(((OpResult.ErrorResult) result).getErr()).toString();
        }
        if (result instanceof OpResult.CreateResult) {
            OpResult.CreateResult create = (OpResult.CreateResult) result;
            return "type " + result.getType() + " " + create.getPath() + (create.getStat() == null ? "" : " {" + show(create.getStat()) + "}");
        }
        if (result instanceof OpResult.SetDataResult) {
            return "type " + result.getType() + " {" + show(((OpResult.SetDataResult) result).getStat()) + "}";
        }
        if (result instanceof OpResult.GetDataResult) {
            OpResult.GetDataResult data = (OpResult.GetDataResult) result;
            return "type " + result.getType() + " " + show(data.getData()) + " {" + show(data.getStat()) + "}";
        }
        if (result instanceof OpResult.GetChildrenResult) {
            return "type " + result.getType() + " " + sorted(((OpResult.GetChildrenResult) result).getChildren());
        }
        return "type " + result.getType();
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static byte[] filled(int length) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) 'x');
        return bytes;
    }

    /** Keeps the events of a watch until they are shown. */
    static final class Events implements Watcher {
        private final String name;
        private final BlockingQueue<WatchedEvent> events = new LinkedBlockingQueue<>();

        Events(String name) {
            this.name = name;
        }

        @Override
        public void process(WatchedEvent event) {
            events.add(event);
        }

        /** Waits for an event of that state and forgets those before it. */
        void await(Event.KeeperState state) throws Exception {
            for (;;) {
                WatchedEvent event = next();
                if (event.getType() == Event.EventType.None && event.getState() == state) {
                    return;
                }
            }
        }

        /** Waits for the next event and says it. */
        void sayNext() throws Exception {
            say(describe(next()));
        }

        private WatchedEvent next() throws Exception {
            WatchedEvent event = events.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
            if (event == null) {
                throw new IllegalStateException(name + ": no event came");
            }
            return event;
        }

        private String describe(WatchedEvent event) {
            return "  " + name + ": " + event.getType() + " " + event.getPath() + " " + event.getState() + " zxid " + event.getZxid();
        }
    }

    /** Says every event that the server has sent to this client so far, one watch after the other. */
    static void sayEvents(ZooKeeper zk, Events... watches) throws Exception {
        settle(zk);
        for (Events watch : watches) {
            if (watch.events.isEmpty()) {
                say("  " + watch.name + ": nothing");
            }
            while (!watch.events.isEmpty()) {
                watch.sayNext();
            }
        }
    }

    /** When the answer to an asynchronous call has arrived, so have the events that the server sent before it. */
    static void settle(ZooKeeper zk) throws Exception {
        CountDownLatch answered = new CountDownLatch(1);
        zk.sync("/", (code, path, context) -> answered.countDown(), null);
        if (!answered.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            throw new IllegalStateException("sync was not answered");
        }
    }

    static ZooKeeper connect(String servers) throws Exception {
        return connect(servers, 10_000, new Events("session"));
    }

    static ZooKeeper connect(String servers, int timeoutMs, Events session) throws Exception {
        ZooKeeper zk = new ZooKeeper(servers, timeoutMs, session);
        session.await(Watcher.Event.KeeperState.SyncConnected);
        return zk;
    }
}
