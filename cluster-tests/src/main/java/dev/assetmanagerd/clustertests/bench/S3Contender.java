package dev.assetmanagerd.clustertests.bench;

import java.io.IOException;
import java.nio.file.Path;

/** One way to bring a file to a bucket and back. */
interface S3Contender {
  /** For the table. */
  String name();

  /** Stores the file under its location; it stays. */
  void upload(Path file) throws IOException;

  /** Fetches what was stored into a file that does not exist yet. */
  void download(Path target) throws IOException;

  /** Deletes what was stored. */
  void delete() throws IOException;
}
