package dev.assetmanagerd.backup;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;

/** How JSON is written in backups. */
final class BackupJson {
  static final Gson PRETTY = new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create();
  static final Gson LINE = new GsonBuilder().disableHtmlEscaping().create();

  private BackupJson() {}
}
