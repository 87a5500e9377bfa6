package dev.assetmanagerd.cli;

import dev.assetmanagerd.api.v1.AssetType;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Option;

/** What upload and register say about a new asset alike. */
final class AssetOptions {
  @Option(
      names = "--type",
      required = true,
      paramLabel = "TYPE",
      converter = Names.Type.class,
      description = "kernel, rootfs, initrd or disk-image.")
  AssetType type = AssetType.ASSET_TYPE_UNSPECIFIED;

  @Option(
      names = "--id",
      paramLabel = "ID",
      description = "Id of the asset; one is made up otherwise. Repeating a call with it is safe.")
  String id = "";

  @Option(
      names = "--label",
      paramLabel = "KEY=VALUE",
      description = "A label. May be given several times.")
  Map<String, String> labels = new LinkedHashMap<>();

  @Option(
      names = "--created-by",
      paramLabel = "WHO",
      description = "Who made it. Default: the name of the user.")
  String createdBy = System.getProperty("user.name", "");

  @Option(names = "--build-id", paramLabel = "ID", description = "The build it came out of.")
  String buildId = "";

  @Option(names = "--source-image", paramLabel = "IMAGE", description = "The image it was made of.")
  String sourceImage = "";
}
