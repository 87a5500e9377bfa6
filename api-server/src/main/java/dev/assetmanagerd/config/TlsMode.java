package dev.assetmanagerd.config;

/** How connections are secured. */
public enum TlsMode {
  DISABLED,
  FILE,
  SPIFFE
}
