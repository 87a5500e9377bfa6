package dev.assetmanagerd.registry;

import java.util.List;

/**
 * What raising a registry from format level 2 to 3 does to its schema, in order. Frozen once level
 * 3 is released; until then a change that needs level 3 adds its step at the end.
 */
final class LevelThreeSchema {
  static final List<List<String>> STEPS =
      List.of(ImportSchema.STEP, BackupSchema.STEP, MemberNotes.STEP);

  private LevelThreeSchema() {}
}
