package dev.assetmanagerd.cli;

import dev.assetmanagerd.api.v1.AssetStatus;
import dev.assetmanagerd.api.v1.AssetType;
import dev.assetmanagerd.api.v1.StorageBackend;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** The enums of the API as people write them: {@code disk-image} for ASSET_TYPE_DISK_IMAGE. */
final class Names {
  private Names() {}

  static String of(AssetType type) {
    return shortened(type, "ASSET_TYPE_");
  }

  static String of(AssetStatus status) {
    return shortened(status, "ASSET_STATUS_");
  }

  private static String shortened(Enum<?> value, String prefix) {
    String name = value.name();
    return (name.startsWith(prefix) ? name.substring(prefix.length()) : name)
        .toLowerCase(Locale.ROOT)
        .replace('_', '-');
  }

  private static <E extends Enum<E>> E parse(List<E> values, String prefix, String text) {
    List<E> choices =
        values.stream()
            .filter(value -> !value.name().equals("UNRECOGNIZED"))
            .filter(value -> !value.name().endsWith("_UNSPECIFIED"))
            .toList();
    return choices.stream()
        .filter(value -> shortened(value, prefix).equals(text.toLowerCase(Locale.ROOT)))
        .findFirst()
        .orElseThrow(
            () ->
                new TypeConversionException(
                    "\""
                        + text
                        + "\" is none of "
                        + String.join(
                            ", ",
                            choices.stream().map(value -> shortened(value, prefix)).toList())));
  }

  static final class Type implements ITypeConverter<AssetType> {
    @Override
    public AssetType convert(String text) {
      return parse(Arrays.asList(AssetType.values()), "ASSET_TYPE_", text);
    }
  }

  static final class State implements ITypeConverter<AssetStatus> {
    @Override
    public AssetStatus convert(String text) {
      return parse(Arrays.asList(AssetStatus.values()), "ASSET_STATUS_", text);
    }
  }

  static final class Backend implements ITypeConverter<StorageBackend> {
    @Override
    public StorageBackend convert(String text) {
      return parse(Arrays.asList(StorageBackend.values()), "STORAGE_BACKEND_", text);
    }
  }
}
