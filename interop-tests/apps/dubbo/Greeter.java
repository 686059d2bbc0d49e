package tskeeper.apps;

/** The service that a Dubbo provider offers and a consumer calls. Both calls give the name of the provider that took them. */
public interface Greeter {
  String greet();

  /** Takes much longer than a timeout of a millisecond. */
  String greetSlowly() throws InterruptedException;
}
