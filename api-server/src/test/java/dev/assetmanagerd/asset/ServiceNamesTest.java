package dev.assetmanagerd.asset;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServiceNamesTest {
  @TempDir Path directory;

  @Test
  void bothServiceNamesHaveTheSameTenMethods() {
    try (ServiceFixture service = ServiceFixture.in(directory)) {
      List<ServerServiceDefinition> services = service.module.services();

      assertThat(services)
          .extracting(definition -> definition.getServiceDescriptor().getName())
          .startsWith(
              "asset.v1.AssetManagerService", "deploy.assetmanagerd.v1.AssetManagerService");
      assertThat(methods(services.get(0)))
          .containsOnlyKeys(
              "UploadAsset",
              "RegisterAsset",
              "GetAsset",
              "ListAssets",
              "AcquireAsset",
              "ReleaseAsset",
              "DeleteAsset",
              "GarbageCollect",
              "PrepareAssets",
              "QueryAssets")
          .isEqualTo(methods(services.get(1)));
    }
  }

  /** Method name to its kind and message types. */
  private static Map<String, List<Object>> methods(ServerServiceDefinition service) {
    return service.getMethods().stream()
        .map(method -> method.getMethodDescriptor())
        .collect(
            Collectors.toMap(
                MethodDescriptor::getBareMethodName,
                method ->
                    List.of(
                        method.getType(),
                        messageType(method.getRequestMarshaller()),
                        messageType(method.getResponseMarshaller()))));
  }

  private static Class<?> messageType(MethodDescriptor.Marshaller<?> marshaller) {
    return ((MethodDescriptor.ReflectableMarshaller<?>) marshaller).getMessageClass();
  }
}
