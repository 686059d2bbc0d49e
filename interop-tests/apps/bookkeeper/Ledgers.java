package tskeeper.apps;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.bookkeeper.client.BookKeeper;
import org.apache.bookkeeper.client.BookKeeperAdmin;
import org.apache.bookkeeper.client.api.DigestType;
import org.apache.bookkeeper.client.api.LedgerEntries;
import org.apache.bookkeeper.client.api.LedgerEntry;
import org.apache.bookkeeper.client.api.ReadHandle;
import org.apache.bookkeeper.client.api.WriteHandle;

/** The ledgers that were written, with what was acknowledged of each. */
final class Ledgers {
  private static final byte[] PASSWORD = "secret".getBytes(StandardCharsets.UTF_8);

  /** One ledger and its writer. */
  static final class Written {
    private final WriteHandle handle;
    private int attempted;
    private int acknowledged;
    private boolean closed;

    private Written(WriteHandle handle) {
      this.handle = handle;
    }

    long id() {
      return handle.getId();
    }

    void append(int count) throws Exception {
      for (int index = 0; index < count; index++) {
        long entry = handle.append(text(id(), attempted++).getBytes(StandardCharsets.UTF_8));
        Check.equal("the number of the entry", (long) acknowledged, entry);
        acknowledged++;
      }
    }

    void close() throws Exception {
      handle.close();
      closed = true;
    }
  }

  private final Map<Long, Written> written = new ConcurrentHashMap<>();

  Written create(BookKeeper client, int copies) throws Exception {
    WriteHandle handle = client.newCreateLedgerOp().withEnsembleSize(copies).withWriteQuorumSize(copies).withAckQuorumSize(copies)
        .withDigestType(DigestType.CRC32C).withPassword(PASSWORD).execute().get();
    Written ledger = new Written(handle);
    Check.that(written.putIfAbsent(ledger.id(), ledger) == null, "the id " + ledger.id() + " is given twice");
    return ledger;
  }

  Written get(long id) {
    return written.get(id);
  }

  void delete(BookKeeper client, long id) throws Exception {
    client.newDeleteLedgerOp().withLedgerId(id).execute().get();
    written.remove(id);
  }

  /** Ends the writing of a ledger, whoever writes it, and reads what is in it. */
  static int recover(BookKeeper client, long id) throws Exception {
    return read(client, id, true);
  }

  /** In each what was acknowledged, in its order, and nothing that was never written. */
  String tell(BookKeeper client) throws Exception {
    int entries = 0;
    int open = 0;
    for (Written ledger : written.values()) {
      int found = read(client, ledger.id(), !ledger.closed);
      String what = "ledger " + ledger.id() + " has " + found + " entries, " + ledger.acknowledged + " were acknowledged";
      Check.that(found >= ledger.acknowledged && found <= (ledger.closed ? ledger.acknowledged : ledger.attempted), what);
      entries += found;
      if (!ledger.closed) open++;
    }
    int strangers = listed(client).size() - written.size();
    return written.size() + " ledgers, " + entries + " entries, " + open + " left open, " + strangers + " in doubt";
  }

  /** Those that ZooKeeper knows, all of ours among them. */
  SortedSet<Long> listed(BookKeeper client) throws Exception {
    SortedSet<Long> listed = new TreeSet<>();
    try (BookKeeperAdmin admin = new BookKeeperAdmin(client)) {
      for (long id : admin.listLedgers()) Check.that(listed.add(id), "ledger " + id + " is listed twice");
    }
    SortedSet<Long> missing = new TreeSet<>(written.keySet());
    missing.removeAll(listed);
    Check.that(missing.isEmpty(), "ledgers that are not listed: " + missing);
    return listed;
  }

  private static int read(BookKeeper client, long id, boolean recovering) throws Exception {
    try (ReadHandle handle = client.newOpenLedgerOp().withLedgerId(id).withRecovery(recovering)
        .withDigestType(DigestType.CRC32C).withPassword(PASSWORD).execute().get()) {
      long last = handle.getLastAddConfirmed();
      if (last < 0) return 0;
      int count = 0;
      try (LedgerEntries entries = handle.read(0, last)) {
        for (LedgerEntry entry : entries) {
          Check.equal("entry " + count, text(id, count), new String(entry.getEntryBytes(), StandardCharsets.UTF_8));
          count++;
        }
      }
      return count;
    }
  }

  private static String text(long id, int entry) {
    return "entry " + entry + " of ledger " + id;
  }
}
