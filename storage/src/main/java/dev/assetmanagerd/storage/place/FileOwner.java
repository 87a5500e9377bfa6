package dev.assetmanagerd.storage.place;

/**
 * Who a file belongs to, by numbers: the users of jailed VMs usually have no names.
 *
 * @param uid 0 to 2147483647
 * @param gid 0 to 2147483647
 */
public record FileOwner(int uid, int gid) {
  public FileOwner {
    if (uid < 0 || gid < 0) {
      throw new IllegalArgumentException("uid and gid must not be negative: " + uid + ":" + gid);
    }
  }

  @Override
  public String toString() {
    return uid + ":" + gid;
  }
}
