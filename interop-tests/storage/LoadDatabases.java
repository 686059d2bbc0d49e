import java.io.File;
import java.util.Arrays;
import org.apache.zookeeper.server.ZKDatabase;
import org.apache.zookeeper.server.persistence.FileTxnSnapLog;

/** Loads every data directory below the one named, as a server does at its start, and says what came of it. */
public class LoadDatabases {
    public static void main(String[] args) {
        File[] directories = new File(args[0]).listFiles();
        Arrays.sort(directories);
        StringBuilder out = new StringBuilder();
        for (File directory : directories) {
            out.append(directory.getName()).append(' ').append(load(directory)).append('\n');
        }
        System.out.print(out);
    }

    private static String load(File directory) {
        try {
            FileTxnSnapLog files = new FileTxnSnapLog(directory, directory);
            ZKDatabase database = new ZKDatabase(files);
            try {
                long zxid = database.loadDataBase();
                long snapshot = files.getLastSnapshotInfo() == null ? -1 : files.getLastSnapshotInfo().zxid;
                return "last " + zxid + " snapshot " + snapshot;
            } finally {
                database.close();
            }
        } catch (Exception refused) {
            return "refused";
        }
    }
}
