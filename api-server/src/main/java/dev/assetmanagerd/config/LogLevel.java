package dev.assetmanagerd.config;

/** How much the program writes to its log. */
public enum LogLevel {
  TRACE,
  DEBUG,
  INFO,
  WARN,
  ERROR
}
