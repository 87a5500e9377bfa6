package dev.assetmanagerd.storage.s3;

import dev.assetmanagerd.storage.blob.InvalidLocationException;
import dev.assetmanagerd.storage.blob.LocationSyntax;
import dev.assetmanagerd.storage.blob.Sha256;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * From locations to keys of objects and back.
 *
 * <p>A blob's key is the prefix and the location. Names that begin with a dot, which no location
 * has, are the store's own: {@code .uploads/UPLOAD/PART}, {@code .probe/…} and {@code
 * .quarantine/…}.
 */
final class S3Keys {
  static final String PROBES = ".probe/";
  static final String UPLOADS = ".uploads/";
  static final String QUARANTINE = ".quarantine/";

  private static final Pattern ULID = Pattern.compile("[0-9A-HJKMNP-TV-Z]{26}");

  private final String bucket;
  private final String prefix;

  S3Keys(String bucket, String prefix) {
    this.bucket = bucket;
    this.prefix = prefix;
  }

  /**
   * The location without {@code s3://bucket/prefix/}, where it has that.
   *
   * @throws InvalidLocationException also when it is in another bucket
   */
  String location(String given) throws InvalidLocationException {
    String location = given;
    if (given.startsWith("s3://")) {
      String root = "s3://" + bucket + "/" + prefix;
      if (!given.startsWith(root)) {
        throw new InvalidLocationException(given, "is outside " + root);
      }
      location = given.substring(root.length());
    }
    LocationSyntax.check(location);
    return location;
  }

  /** Of a location that was checked, or of a name of the store's own. */
  String key(String location) {
    return prefix + location;
  }

  /** The location of a key; empty for one outside the prefix. */
  Optional<String> ofKey(String key) {
    return key.startsWith(prefix) ? Optional.of(key.substring(prefix.length())) : Optional.empty();
  }

  String uploadKeys(String uploadId) {
    return prefix + UPLOADS + ulid(uploadId) + "/";
  }

  String partKey(String uploadId, String partId) {
    return uploadKeys(uploadId) + ulid(partId);
  }

  String directKey(String uploadId) {
    return uploadKeys(uploadId) + "direct";
  }

  /** Another one each time. */
  String takenKey(String uploadId) {
    return uploadKeys(uploadId) + "taken-" + UUID.randomUUID();
  }

  /** Whose part a key is; empty where it is none. */
  Optional<String> uploadOf(String key) {
    return ofKey(key)
        .filter(name -> name.startsWith(UPLOADS))
        .map(name -> name.substring(UPLOADS.length()))
        .filter(name -> name.indexOf('/') > 0)
        .map(name -> name.substring(0, name.indexOf('/')))
        .filter(id -> ULID.matcher(id).matches());
  }

  /** Whether a key is one that only this program makes. */
  boolean isOurs(String key) {
    return uploadOf(key).isPresent() || ofKey(key).filter(Sha256::isLocationOfAny).isPresent();
  }

  private static String ulid(String id) {
    if (!ULID.matcher(id).matches()) {
      throw new IllegalArgumentException("an id of " + id.length() + " characters is no ULID");
    }
    return id;
  }
}
