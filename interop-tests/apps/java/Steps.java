package tskeeper.apps;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Work that goes on step by step beside the conversation, its steps counted by name; the first failure ends all of it. */
final class Steps {
  interface Step {
    void make() throws Exception;
  }

  interface Attempt {
    /** False when it came to nothing, and is no step. */
    boolean make() throws Exception;
  }

  private static final long PATIENCE_MS = 40_000;

  private final Map<String, Integer> counts = new TreeMap<>();
  private final List<Thread> threads = new ArrayList<>();
  private Throwable failure;
  private volatile boolean ending;

  /** Makes the step again and again, in a thread of its own, until the end. */
  void repeat(String name, Step step) {
    attempt(name, () -> {
      step.make();
      return true;
    });
  }

  /** The same with what may come to nothing. */
  void attempt(String name, Attempt attempt) {
    expect(name);
    Thread thread = new Thread(() -> {
      try {
        while (!ending && !hasFailed()) {
          if (attempt.make()) made(name);
        }
      } catch (Throwable e) {
        fail(e);
      }
    }, name);
    synchronized (this) {
      threads.add(thread);
    }
    thread.setDaemon(true);
    thread.start();
  }

  /** Steps of that name are made by somebody. */
  synchronized void expect(String name) {
    counts.putIfAbsent(name, 0);
  }

  synchronized void made(String name) {
    counts.merge(name, 1, Integer::sum);
    notifyAll();
  }

  synchronized void fail(Throwable e) {
    if (failure == null) failure = e;
    notifyAll();
  }

  synchronized boolean hasFailed() {
    return failure != null;
  }

  boolean isEnding() {
    return ending;
  }

  /** Waits until so many more steps of each name have been made. */
  synchronized void await(int more) throws Exception {
    Map<String, Integer> before = new HashMap<>(counts);
    long deadline = Check.deadline(PATIENCE_MS);
    while (!counts.keySet().stream().allMatch(name -> counts.get(name) >= before.getOrDefault(name, 0) + more)) {
      rethrow();
      Check.waitUntil(this, deadline, "steps before " + before + ", after " + PATIENCE_MS + " ms " + counts);
    }
    rethrow();
  }

  /** Lets each finish its step. */
  void end() throws Exception {
    ending = true;
    long deadline = Check.deadline(PATIENCE_MS);
    for (Thread thread : threads) {
      thread.join(Math.max(1, (deadline - System.nanoTime()) / 1_000_000));
      Check.that(!thread.isAlive(), thread.getName() + " does not end its step");
    }
    rethrow();
  }

  private synchronized void rethrow() throws Exception {
    if (failure != null) throw new IllegalStateException(failure.toString(), failure);
  }
}
