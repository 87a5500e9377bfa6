package dev.assetmanagerd.process;

/** The version of the program. */
public final class ProgramVersion {
  private ProgramVersion() {}

  /** As in the jar's manifest; {@code development} where it runs from class files. */
  public static String text() {
    String version = ProgramVersion.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }
}
