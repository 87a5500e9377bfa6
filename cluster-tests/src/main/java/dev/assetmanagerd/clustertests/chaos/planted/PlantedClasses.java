package dev.assetmanagerd.clustertests.chaos.planted;

import java.io.IOException;
import java.io.StringWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/** Compiles classes of the product with a mistake in them. */
public final class PlantedClasses {
  private PlantedClasses() {}

  /**
   * Compiles against the class path that runs this.
   *
   * @param root of the project
   * @param classes is made, and gets the class files
   * @throws IllegalStateException when the mistake cannot be planted, or does not compile
   */
  public static void compile(PlantedBug bug, Path root, Path classes) throws IOException {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    if (compiler == null) {
      throw new IllegalStateException("planting bugs takes a JDK");
    }
    List<Source> sources = new ArrayList<>();
    for (PlantedBug.Edit edit : bug.edits()) {
      Path file = root.resolve(edit.file());
      sources.add(new Source(file.toUri(), edit.plantedIn(Files.readString(file))));
    }
    Files.createDirectories(classes);
    StringWriter said = new StringWriter();
    boolean done =
        compiler
            .getTask(
                said,
                null,
                null,
                List.of(
                    "-proc:none",
                    "-nowarn",
                    "--release",
                    "17",
                    "-d",
                    classes.toString(),
                    "-cp",
                    System.getProperty("java.class.path")),
                null,
                sources)
            .call();
    if (!done) {
      throw new IllegalStateException(bug.id() + " does not compile:\n" + said);
    }
  }

  private static final class Source extends SimpleJavaFileObject {
    private final String text;

    private Source(URI uri, String text) {
      super(uri, JavaFileObject.Kind.SOURCE);
      this.text = text;
    }

    @Override
    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
      return text;
    }
  }
}
