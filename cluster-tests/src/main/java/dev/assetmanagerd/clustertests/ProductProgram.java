package dev.assetmanagerd.clustertests;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** How the program under test is run: with the Java and the class path that run this. */
public final class ProductProgram {
  /** The program's main class. */
  public static final String MAIN = "dev.assetmanagerd.server.Main";

  private static final int FIRST_JAVA_THAT_WARNS = 24;

  private ProductProgram() {}

  /** The Java that runs this. */
  public static String java() {
    return Path.of(System.getProperty("java.home"), "bin", "java").toString();
  }

  /** The class path that runs this; the program's is part of it. */
  public static String classPath() {
    return System.getProperty("java.class.path");
  }

  /** JVM arguments that this version of Java needs to run the program without warnings. */
  public static List<String> jvmArguments() {
    if (Runtime.version().feature() < FIRST_JAVA_THAT_WARNS) {
      return List.of();
    }
    return List.of("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow");
  }

  /** The command line that runs the program with these arguments. */
  public static List<String> command(List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(java());
    command.addAll(jvmArguments());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-cp", classPath(), MAIN));
    command.addAll(arguments);
    return command;
  }
}
