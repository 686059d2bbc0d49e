package tskeeper.apps;

/** A recipe of Curator at work, in the words that a test has for all of them. Each throws when something is not as it should be. */
interface Recipe {
  /** Returns in the midst of its work. */
  void begin() throws Exception;

  /** Something has happened to the servers. Returns when the work has got on since this was called. */
  void goOn() throws Exception;

  /** All servers are well. Ends the work and tells what came of it. */
  String finish() throws Exception;
}
