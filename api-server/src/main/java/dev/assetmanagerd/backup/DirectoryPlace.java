package dev.assetmanagerd.backup;

import dev.assetmanagerd.storage.blob.BlobStoreUnavailableException;
import dev.assetmanagerd.storage.bounded.BoundedDirectory;
import dev.assetmanagerd.storage.bounded.BoundedSteps;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.OptionalLong;

/** A directory that all nodes see. */
public final class DirectoryPlace implements BackupPlace {
  private final BoundedDirectory files;
  private final BoundedSteps steps;
  private final Locations locations;

  /**
   * @param directory absolute; must exist when it is used
   * @param steps do all the work in it, and are closed with this
   */
  public DirectoryPlace(Path directory, BoundedSteps steps) {
    this.files = new BoundedDirectory(directory, steps);
    this.steps = steps;
    this.locations = new Locations("file://" + (directory.getNameCount() == 0 ? "" : directory));
  }

  @Override
  public String location(String name) {
    return locations.of(name);
  }

  @Override
  public void check() throws IOException {
    files.check();
  }

  @Override
  public boolean isSilence(IOException failure) {
    return failure instanceof BlobStoreUnavailableException;
  }

  @Override
  public int hanging() {
    return steps.hanging();
  }

  @Override
  public void put(Path file, String location, BackupManifest.Part part) throws IOException {
    files.put(file, locations.name(location));
  }

  @Override
  public InputStream open(String location) throws IOException {
    return files.open(locations.name(location));
  }

  @Override
  public OptionalLong size(String location) throws IOException {
    return files.size(locations.name(location));
  }

  @Override
  public void delete(String location) throws IOException {
    files.delete(locations.name(location));
  }

  @Override
  public void close() {
    steps.close();
  }
}
