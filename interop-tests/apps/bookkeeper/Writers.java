package tskeeper.apps;

import java.util.List;
import java.util.concurrent.ExecutionException;
import org.apache.bookkeeper.client.BookKeeper;
import org.apache.bookkeeper.client.api.BKException;

/**
 * Writers that make one ledger after the other. A ledger whose creation failed is in doubt, and one that cannot be written on is left open,
 * as by a writer that died.
 */
final class Writers {
  private static final int WRITERS_EACH = 2;
  private static final int ENTRIES = 20;

  private final Ledgers ledgers;
  private final Steps steps = new Steps();

  Writers(Ledgers ledgers) {
    this.ledgers = ledgers;
  }

  void begin(List<BookKeeper> clients, int copies) throws Exception {
    for (int index = 0; index < clients.size() * WRITERS_EACH; index++) {
      BookKeeper client = clients.get(index % clients.size());
      steps.attempt("writer " + index, () -> {
        boolean wrote = wrote(client, copies);
        Thread.sleep(wrote ? 20 : 50);
        return wrote;
      });
    }
    goOn();
  }

  /** Each writes some more. */
  void goOn() throws Exception {
    steps.await(3);
  }

  void end() throws Exception {
    steps.end();
  }

  private boolean wrote(BookKeeper client, int copies) throws Exception {
    try {
      Ledgers.Written ledger = ledgers.create(client, copies);
      ledger.append(ENTRIES);
      ledger.close();
      return true;
    } catch (BKException e) {
      return false;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof BKException) return false;
      throw e;
    }
  }
}
