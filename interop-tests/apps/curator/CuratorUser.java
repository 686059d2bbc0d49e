package tskeeper.apps;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;

/** Sets a recipe to work and tells how it fares: "connectString sessionTimeoutMs recipe". */
public final class CuratorUser {
  private CuratorUser() {}

  public static void main(String[] arguments) throws Exception {
    Dialogue.begin();
    Map<String, Function<Clients, Recipe>> recipes = new LinkedHashMap<>();
    Locks.list(recipes);
    Elections.list(recipes);
    Barriers.list(recipes);
    Queues.list(recipes);
    Counters.list(recipes);
    Caches.list(recipes);
    Members.list(recipes);
    Discovery.list(recipes);
    Operations.list(recipes);
    Recipe recipe = recipes.get(arguments[2]).apply(new Clients(arguments[0], Integer.parseInt(arguments[1])));
    Map<String, Dialogue.Verb> verbs = new LinkedHashMap<>();
    verbs.put("begin", words -> {
      recipe.begin();
      return "begun";
    });
    verbs.put("goOn", words -> {
      recipe.goOn();
      return "gone on";
    });
    verbs.put("finish", words -> recipe.finish());
    Dialogue.hold(verbs);
  }
}
