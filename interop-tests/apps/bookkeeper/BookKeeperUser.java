package tskeeper.apps;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.bookkeeper.client.BookKeeper;
import org.apache.bookkeeper.client.BookKeeperAdmin;
import org.apache.bookkeeper.client.api.LedgerMetadata;
import org.apache.bookkeeper.conf.ClientConfiguration;
import org.apache.bookkeeper.conf.ServerConfiguration;
import org.apache.bookkeeper.net.BookieId;

/** The user of the bookies and the onlooker of their nodes in ZooKeeper: "connectString metadataServiceUri". */
public final class BookKeeperUser {
  private static final long PATIENCE_MS = 40_000;
  private static final int CLIENTS = 2;

  private final Nodes nodes;
  private final String metadataService;
  private final Ledgers ledgers = new Ledgers();
  private final Writers writers = new Writers(ledgers);
  private final List<BookKeeper> clients = new ArrayList<>();
  private final Map<BookKeeper, List<String>> seen = new ConcurrentHashMap<>();

  private BookKeeperUser(Nodes nodes, String metadataService) {
    this.nodes = nodes;
    this.metadataService = metadataService;
  }

  public static void main(String[] arguments) throws Exception {
    Dialogue.begin();
    BookKeeperUser user = new BookKeeperUser(new Nodes(arguments[0]), arguments[1]);
    Map<String, Dialogue.Verb> verbs = new LinkedHashMap<>();
    verbs.put("initialize", words -> user.initialize());
    verbs.put("awaitBookies", words -> user.awaitBookies(Integer.parseInt(words[0])));
    verbs.put("registration", words -> user.nodes.origin("/ledgers/available/" + words[0]));
    verbs.put("auditor", words -> user.auditor());
    verbs.put("awaitAuditorOtherThan", words -> user.awaitAuditorOtherThan(words[0]));
    verbs.put("awaitNothingOn", words -> user.awaitNothingOn(words[0]));
    verbs.put("create", words -> user.create(Integer.parseInt(words[0])));
    verbs.put("append", words -> user.append(Long.parseLong(words[0]), Integer.parseInt(words[1])));
    verbs.put("close", words -> user.close(Long.parseLong(words[0])));
    verbs.put("recover", words -> Ledgers.recover(user.client(1), Long.parseLong(words[0])) + " entries");
    verbs.put("delete", words -> user.delete(Long.parseLong(words[0])));
    verbs.put("metadata", words -> user.metadata(Long.parseLong(words[0])));
    verbs.put("ledgerNodes", words -> String.join(" ", new TreeSet<>(user.nodes.children("/ledgers/00/0000"))));
    verbs.put("listed", words -> user.ledgers.listed(user.client(1)).toString());
    verbs.put("begin", words -> user.begin(Integer.parseInt(words[0])));
    verbs.put("goOn", words -> user.goOn());
    verbs.put("end", words -> user.end());
    verbs.put("tell", words -> user.ledgers.tell(user.client(1)));
    Dialogue.hold(verbs);
  }

  private String initialize() throws Exception {
    ServerConfiguration configuration = new ServerConfiguration();
    configuration.setMetadataServiceUri(metadataService);
    Check.that(BookKeeperAdmin.initNewCluster(configuration), "there is a cluster already");
    for (int index = 0; index < CLIENTS; index++) {
      BookKeeper client = newClient();
      // Told after the client itself, and in the same thread.
      client.getMetadataClientDriver().getRegistrationClient().watchWritableBookies(bookies -> seen.put(client, names(bookies.getValue())));
      clients.add(client);
    }
    return "initialized";
  }

  /** Until all clients see that there are so many. */
  private String awaitBookies(int count) throws Exception {
    boolean all = Check.within(PATIENCE_MS, () -> clients.stream().allMatch(client -> seen.getOrDefault(client, List.of()).size() == count));
    Check.that(all, "not " + count + " bookies, but " + seen.values());
    return String.join(" ", seen.get(client(0)));
  }

  private static List<String> names(Set<BookieId> bookies) {
    return bookies.stream().map(BookieId::toString).sorted().toList();
  }

  private String auditor() throws Exception {
    return awaitAuditorOtherThan("");
  }

  private String awaitAuditorOtherThan(String bookie) throws Exception {
    String[] auditor = {""};
    try (BookKeeperAdmin admin = new BookKeeperAdmin(client(0))) {
      Check.eventually("another auditor than " + bookie, () -> {
        try {
          BookieId id = admin.getCurrentAuditor();
          auditor[0] = id == null ? "" : id.toString();
        } catch (IOException e) {
          // It lists the candidates first, and the one that is dead may go before it is read.
          return false;
        }
        return !auditor[0].isEmpty() && !auditor[0].equals(bookie);
      });
    }
    return auditor[0];
  }

  private String awaitNothingOn(String bookie) throws Exception {
    try (BookKeeperAdmin admin = new BookKeeperAdmin(client(0))) {
      Set<BookieId> lost = Set.of(BookieId.parse(bookie));
      boolean nothing = Check.within(PATIENCE_MS, () -> admin.getLedgersContainBookies(lost).isEmpty());
      Check.that(nothing, "still on " + bookie + ": ledgers " + admin.getLedgersContainBookies(lost).keySet());
    }
    return "nothing";
  }

  private String create(int copies) throws Exception {
    return Long.toString(ledgers.create(client(0), copies).id());
  }

  private String append(long id, int count) throws Exception {
    ledgers.get(id).append(count);
    return count + " appended";
  }

  private String close(long id) throws Exception {
    ledgers.get(id).close();
    return "closed";
  }

  private String delete(long id) throws Exception {
    ledgers.delete(client(0), id);
    return "deleted";
  }

  /** As it is in ZooKeeper now. */
  private String metadata(long id) throws Exception {
    LedgerMetadata metadata = client(1).getLedgerManager().readLedgerMetadata(id).get().getValue();
    int bookies = metadata.getAllEnsembles().get(0L).size();
    return metadata.getState() + ", last entry " + metadata.getLastEntryId() + ", on " + bookies + " bookies";
  }

  private String begin(int copies) throws Exception {
    writers.begin(clients, copies);
    return "begun";
  }

  private String goOn() throws Exception {
    writers.goOn();
    return "gone on";
  }

  private String end() throws Exception {
    writers.end();
    return "ended";
  }

  private BookKeeper client(int index) {
    return clients.get(index);
  }

  private BookKeeper newClient() throws Exception {
    ClientConfiguration configuration = new ClientConfiguration();
    configuration.setMetadataServiceUri(metadataService);
    configuration.setZkTimeout(20_000);
    return new BookKeeper(configuration);
  }
}
