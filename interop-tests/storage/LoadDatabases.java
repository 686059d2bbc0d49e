import java.io.File;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.StatPersisted;
import org.apache.zookeeper.metrics.impl.DefaultMetricsProvider;
import org.apache.zookeeper.server.DataNode;
import org.apache.zookeeper.server.DataTree;
import org.apache.zookeeper.server.ServerMetrics;
import org.apache.zookeeper.server.ZKDatabase;
import org.apache.zookeeper.server.persistence.FileTxnSnapLog;

/**
 * Loads every data directory below the one named, as a server does at its start, and says what came of it. With a second argument it then
 * writes a snapshot of that, also as a server does.
 */
public class LoadDatabases {
    public static void main(String[] args) throws Exception {
        ServerMetrics.metricsProviderInitialized(new DefaultMetricsProvider());
        File[] directories = new File(args[0]).listFiles();
        Arrays.sort(directories);
        StringBuilder out = new StringBuilder();
        for (File directory : directories) {
            out.append(directory.getName()).append(' ').append(load(directory, args.length > 1)).append('\n');
        }
        System.out.print(out);
    }

    private static String load(File directory, boolean saves) {
        long mismatches = mismatches();
        try {
            FileTxnSnapLog files = new FileTxnSnapLog(directory, directory);
            ZKDatabase database = new ZKDatabase(files);
            try {
                long zxid = database.loadDataBase();
                long snapshot = files.getLastSnapshotInfo() == null ? -1 : files.getLastSnapshotInfo().zxid;
                if (saves) {
                    files.save(database.getDataTree(), database.getSessionWithTimeOuts(), false);
                }
                return "last " + zxid + " snapshot " + snapshot + " mismatches " + (mismatches() - mismatches) + " " + describe(database);
            } finally {
                database.close();
            }
        } catch (Exception refused) {
            if (System.getenv("SHOW_REFUSALS") != null) {
                refused.printStackTrace();
            }
            return "refused";
        }
    }

    private static long mismatches() {
        return ServerMetrics.getMetrics().DIGEST_MISMATCHES_COUNT.get();
    }

    private static String describe(ZKDatabase database) throws Exception {
        DataTree tree = database.getDataTree();
        SortedSet<String> lines = new TreeSet<>();
        collect(tree, "/", lines);
        byte[] text = String.join("\n", lines).getBytes(StandardCharsets.UTF_8);
        String hash = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-1").digest(text), 0, 6);
        if (System.getenv("SHOW_TREES") != null) {
            System.err.println(String.join("\n", lines));
        }
        StringBuilder sessions = new StringBuilder();
        for (Map.Entry<Long, Integer> session : new TreeMap<>(database.getSessionWithTimeOuts()).entrySet()) {
            sessions.append(',').append(Long.toHexString(session.getKey())).append(':').append(session.getValue());
        }
        return "nodes " + lines.size() + " tree " + hash + " digest " + Long.toHexString(tree.getTreeDigest())
            + " containers " + tree.getContainers().size() + " ttls " + tree.getTtls().size() + " sessions " + (sessions.length() == 0 ? "none" : sessions);
    }

    private static void collect(DataTree tree, String path, SortedSet<String> lines) {
        DataNode node = tree.getNode(path);
        StringBuilder acl = new StringBuilder();
        for (ACL entry : tree.getACL(node)) {
            acl.append(entry.getPerms()).append(':').append(entry.getId().getScheme()).append(':').append(entry.getId().getId()).append(',');
        }
        StatPersisted stat = node.stat;
        String data = node.getData() == null ? "null" : HexFormat.of().formatHex(node.getData());
        lines.add(String.join(" ", path, data, acl, "" + stat.getCzxid(), "" + stat.getMzxid(), "" + stat.getPzxid(), "" + stat.getCtime(),
            "" + stat.getMtime(), "" + stat.getVersion(), "" + stat.getCversion(), "" + stat.getAversion(), "" + stat.getEphemeralOwner()));
        for (String child : node.getChildren()) {
            collect(tree, path.equals("/") ? "/" + child : path + "/" + child, lines);
        }
    }
}
