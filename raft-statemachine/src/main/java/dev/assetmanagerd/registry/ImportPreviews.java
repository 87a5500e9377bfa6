package dev.assetmanagerd.registry;

import dev.assetmanagerd.importer.v1.ImportResult;
import dev.assetmanagerd.importer.v1.ImportResult.Verdict;
import dev.assetmanagerd.log.v1.ImportAssets;
import dev.assetmanagerd.log.v1.ImportLeases;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** Looks at what imports would come to. */
final class ImportPreviews {
  private final ImportRules rules;
  private final ImportRows imports;

  ImportPreviews(Sql sql) {
    this.rules = new ImportRules(sql);
    this.imports = new ImportRows(sql);
  }

  ImportPreview of(ImportAssets command, long clockMillis) {
    List<ImportResult> results = new ArrayList<>(command.getItemsCount());
    boolean changes = false;
    for (ImportAssets.Item item : command.getItemsList()) {
      if (item.hasAsset()) {
        ImportResult result = rules.ofAsset(item, clockMillis);
        changes |= changes(ImportRows.ASSET, item.getAsset().getId(), result);
        results.add(result);
      } else {
        results.add(item.getRefused());
      }
    }
    return new ImportPreview(results, changes);
  }

  ImportPreview of(ImportLeases command, long clockMillis, Predicate<String> planned) {
    List<ImportResult> results = new ArrayList<>(command.getItemsCount());
    boolean changes = false;
    for (ImportLeases.Item item : command.getItemsList()) {
      if (item.hasLease()) {
        ImportResult result = rules.ofLease(item.getLease(), clockMillis, planned);
        changes |= changes(ImportRows.LEASE, item.getLease().getId(), result);
        results.add(result);
      } else {
        results.add(item.getRefused());
      }
    }
    return new ImportPreview(results, changes);
  }

  private boolean changes(int kind, String id, ImportResult result) {
    return result.getVerdict() == Verdict.VERDICT_IMPORTED
        || (result.getVerdict() == Verdict.VERDICT_UNCHANGED && !imports.remembered(kind, id));
  }
}
