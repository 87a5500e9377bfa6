package dev.assetmanagerd.registry;

import dev.assetmanagerd.importer.v1.ImportResult;
import java.util.List;

/**
 * What an import would come to.
 *
 * @param results one for each item of the command, in order
 * @param changes whether the command would change anything, the memory of imports included
 */
public record ImportPreview(List<ImportResult> results, boolean changes) {
  public ImportPreview {
    results = List.copyOf(results);
  }
}
