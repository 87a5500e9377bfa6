package dev.assetmanagerd.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.assetmanagerd.asset.CliFixture;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

/**
 * What a command line, run within this JVM, has come to.
 *
 * @param out what it printed as its result
 * @param err what it printed besides
 */
record CliRun(int exitCode, String out, String err) {
  /** Runs one against a node. */
  static CliRun of(CliFixture node, String... arguments) {
    List<String> all = new ArrayList<>(Arrays.asList(arguments));
    all.add("--endpoint=127.0.0.1:" + node.port());
    CommandLine root = new CommandLine(CommandSpec.create().name("assetmanagerd"));
    CliCommands.addTo(root);
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    root.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    int exitCode = root.execute(all.toArray(String[]::new));
    return new CliRun(exitCode, out.toString(), err.toString());
  }

  /** The result of one that succeeded and was told to print JSON. */
  JsonObject json() {
    assertThat(exitCode).as(err).isZero();
    return printed();
  }

  /** The same of one whose exit code the test looks at by itself. */
  JsonObject printed() {
    return JsonParser.parseString(out).getAsJsonObject();
  }
}
