package tskeeper.apps;

import java.util.ArrayList;
import java.util.List;

/** Calls a Greeter again and again and keeps what failed. */
final class SteadyCaller extends Thread {
  private final Greeter greeter;
  private final List<String> failures = new ArrayList<>();
  private long calls;

  SteadyCaller(String name, Greeter greeter) {
    super(name);
    this.greeter = greeter;
    setDaemon(true);
  }

  @Override
  public void run() {
    try {
      for (;;) {
        String failure = failureOfACall();
        synchronized (this) {
          calls++;
          if (failure != null) failures.add(failure);
          notifyAll();
        }
        Thread.sleep(10);
      }
    } catch (InterruptedException e) {
      // Nobody interrupts it but the end of the process.
    }
  }

  private String failureOfACall() {
    try {
      greeter.greet();
      return null;
    } catch (RuntimeException e) {
      return getName() + ": " + e;
    }
  }

  synchronized void awaitCalls(int count, long timeoutMs) throws InterruptedException {
    long deadline = System.nanoTime() + timeoutMs * 1_000_000;
    long wanted = calls + count;
    while (calls < wanted) Nodes.waitUntil(this, deadline, getName() + " does not get on");
  }

  synchronized List<String> failures() {
    return List.copyOf(failures);
  }
}
