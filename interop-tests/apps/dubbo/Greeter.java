package tskeeper.apps;

/** The service that a Dubbo provider offers and a consumer calls. */
public interface Greeter {
  String greet(String name);
}
