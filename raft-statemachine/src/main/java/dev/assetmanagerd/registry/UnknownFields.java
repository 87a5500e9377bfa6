package dev.assetmanagerd.registry;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.OneofDescriptor;
import com.google.protobuf.Message;
import dev.assetmanagerd.log.v1.LogEntry;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Finds what protobuf has read and kept, but nothing here knows.
 *
 * <p>A field that is skipped is a guess: a node of the program that wrote it does what it says. The
 * level of the entry says so too, unless somebody forgot to raise it; this is the second line. It
 * costs a few hundred nanoseconds per command, since only fields that hold messages are looked at,
 * by a list made beforehand.
 */
final class UnknownFields {
  /** For each message of the log: where it may hold others. */
  private record Shape(List<FieldDescriptor> fields, List<OneofDescriptor> oneofs) {}

  private static final Map<Descriptor, Shape> SHAPES = shapes();

  private UnknownFields() {}

  private static Map<Descriptor, Shape> shapes() {
    Map<Descriptor, Shape> shapes = new HashMap<>();
    add(LogEntry.getDescriptor(), shapes);
    return Map.copyOf(shapes);
  }

  private static void add(Descriptor type, Map<Descriptor, Shape> shapes) {
    if (shapes.containsKey(type)) {
      return;
    }
    shapes.put(
        type,
        new Shape(
            type.getFields().stream()
                .filter(field -> holdsMessages(field) && field.getRealContainingOneof() == null)
                .toList(),
            type.getRealOneofs().stream()
                .filter(oneof -> oneof.getFields().stream().anyMatch(UnknownFields::holdsMessages))
                .toList()));
    type.getFields().stream()
        .filter(UnknownFields::holdsMessages)
        .forEach(field -> add(field.getMessageType(), shapes));
  }

  /** The entries of a map are left out: protobuf keeps nothing unknown in them. */
  private static boolean holdsMessages(FieldDescriptor field) {
    return field.getJavaType() == FieldDescriptor.JavaType.MESSAGE && !field.isMapField();
  }

  /** Names the first unknown field in a message of the log, by the message and its number. */
  static Optional<String> in(Message message) {
    return Optional.ofNullable(find(message));
  }

  private static @Nullable String find(Message message) {
    if (!message.getUnknownFields().asMap().isEmpty()) {
      return "%s field %s"
          .formatted(
              message.getDescriptorForType().getName(),
              message.getUnknownFields().asMap().keySet().iterator().next());
    }
    Shape shape = SHAPES.get(message.getDescriptorForType());
    if (shape == null) {
      throw new IllegalArgumentException(
          message.getDescriptorForType().getFullName() + " is no message of the log");
    }
    for (OneofDescriptor oneof : shape.oneofs()) {
      FieldDescriptor set = message.getOneofFieldDescriptor(oneof);
      String found = set == null ? null : find(message, set);
      if (found != null) {
        return found;
      }
    }
    for (FieldDescriptor field : shape.fields()) {
      String found = find(message, field);
      if (found != null) {
        return found;
      }
    }
    return null;
  }

  private static @Nullable String find(Message message, FieldDescriptor field) {
    if (!field.isRepeated()) {
      boolean present = holdsMessages(field) && message.hasField(field);
      return present ? find((Message) message.getField(field)) : null;
    }
    for (int i = 0; i < message.getRepeatedFieldCount(field); i++) {
      String found = find((Message) message.getRepeatedField(field, i));
      if (found != null) {
        return found;
      }
    }
    return null;
  }
}
