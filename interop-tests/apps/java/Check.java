package tskeeper.apps;

import java.util.concurrent.Callable;

/** What must hold. */
final class Check {
  private static final long PATIENCE_MS = 60_000;

  private Check() {}

  static void that(boolean holds, String otherwise) {
    if (!holds) throw new IllegalStateException(otherwise);
  }

  static void equal(String what, Object wanted, Object found) {
    that(wanted.equals(found), what + " is " + found + ", not " + wanted);
  }

  /** For what takes a moment. */
  static void eventually(String what, Callable<Boolean> question) throws Exception {
    that(within(PATIENCE_MS, question), what + ": not within " + PATIENCE_MS + " ms");
  }

  static boolean within(long limitMs, Callable<Boolean> question) throws Exception {
    long deadline = deadline(limitMs);
    while (!question.call()) {
      if (System.nanoTime() > deadline) return false;
      Thread.sleep(10);
    }
    return true;
  }

  /** For `waitUntil` and whoever asks System.nanoTime(). */
  static long deadline(long limitMs) {
    return System.nanoTime() + limitMs * 1_000_000;
  }

  /** Waits for a notification of what the caller holds. */
  static void waitUntil(Object monitor, long deadline, String otherwise) throws InterruptedException {
    long leftMs = (deadline - System.nanoTime()) / 1_000_000;
    that(leftMs > 0, otherwise);
    monitor.wait(leftMs);
  }
}
