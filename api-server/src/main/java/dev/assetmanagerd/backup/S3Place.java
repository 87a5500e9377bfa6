package dev.assetmanagerd.backup;

import dev.assetmanagerd.storage.blob.Sha256;
import dev.assetmanagerd.storage.s3.S3Files;
import dev.assetmanagerd.storage.s3.S3Options;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.util.OptionalLong;

/** A prefix in a bucket. */
public final class S3Place implements BackupPlace {
  private final S3Files files;
  private final Locations locations;

  /**
   * @param options of the bucket, with the prefix of the backups
   */
  public S3Place(S3Options options) {
    this.files = new S3Files(options);
    String path = options.bucket() + "/" + options.prefix();
    this.locations = new Locations("s3://" + path.substring(0, path.length() - 1));
  }

  @Override
  public String location(String name) {
    return locations.of(name);
  }

  @Override
  public void check() throws IOException {
    files.checkBucket();
  }

  @Override
  public boolean isSilence(IOException failure) {
    return S3Files.isSilence(failure);
  }

  @Override
  public int hanging() {
    return 0; // no request outlasts its time
  }

  @Override
  public void put(Path file, String location, BackupManifest.Part part) throws IOException {
    files.put(file, locations.name(location), new Sha256(part.sha256()), part.sizeBytes());
  }

  @Override
  public InputStream open(String location) throws IOException {
    return Channels.newInputStream(files.open(locations.name(location)));
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
    files.close();
  }
}
