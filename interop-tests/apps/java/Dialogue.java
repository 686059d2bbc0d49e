package tskeeper.apps;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;

/**
 * The conversation of a test with a Java program. A question is one line, "number verb argument…"; the answer is one line,
 * "<<number ok text>>" or "<<number failed text>>". What a library prints goes to stderr, so that no log line can be taken for an answer.
 */
final class Dialogue {
  interface Verb {
    String answer(String[] arguments) throws Exception;
  }

  private static final PrintStream ANSWERS = System.out;

  private Dialogue() {}

  /** Call before any library had the chance to keep System.out. */
  static void begin() {
    System.setOut(System.err);
  }

  /** Answers questions until the input ends, which is when the test has gone away. */
  static void hold(Map<String, Verb> verbs) throws IOException {
    BufferedReader questions = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    say(0, "ok", "ready");
    for (String line = questions.readLine(); line != null; line = questions.readLine()) {
      String[] words = line.split(" ");
      int number = Integer.parseInt(words[0]);
      try {
        Verb verb = verbs.get(words[1]);
        if (verb == null) throw new IllegalArgumentException("no such verb: " + words[1]);
        say(number, "ok", verb.answer(Arrays.copyOfRange(words, 2, words.length)));
      } catch (Exception e) {
        e.printStackTrace();
        say(number, "failed", withCauses(e));
      }
    }
    System.exit(0);
  }

  private static String withCauses(Throwable failure) {
    return failure.getCause() == null ? failure.toString() : failure + ", because of " + withCauses(failure.getCause());
  }

  private static void say(int number, String outcome, String text) {
    ANSWERS.print("<<" + number + " " + outcome + " " + text.replaceAll("\\s+", " ") + ">>\n");
    ANSWERS.flush();
  }
}
