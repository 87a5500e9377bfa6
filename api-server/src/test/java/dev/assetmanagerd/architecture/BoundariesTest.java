package dev.assetmanagerd.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.nio.charset.Charset;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Test;

/** The boundaries between the parts of the program, and what no part may do. */
class BoundariesTest {
  private static final String ROOT = "dev.assetmanagerd.";
  private static final JavaClasses PROGRAM =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("dev.assetmanagerd");

  private static final String[] HTTP = {"com.linecorp.armeria..", "java.net.http..", "io.netty.."};

  @Test
  void allPartsAreLookedAt() {
    assertThat(PROGRAM.stream().map(JavaClass::getPackageName))
        .contains(
            ROOT + "registry",
            ROOT + "raft",
            ROOT + "storage.blob",
            ROOT + "storage.bounded",
            ROOT + "storage.nfs",
            ROOT + "storage.place",
            ROOT + "storage.s3",
            ROOT + "storage.scrub",
            ROOT + "asset",
            ROOT + "backup",
            ROOT + "build",
            ROOT + "cli",
            ROOT + "cluster",
            ROOT + "config",
            ROOT + "connect",
            ROOT + "dev",
            ROOT + "kernel",
            ROOT + "olddaemon",
            ROOT + "process",
            ROOT + "server",
            ROOT + "tls");
  }

  @Test
  void storageKnowsNothingOfTheRestNorOfHttp() {
    check(
        noClasses()
            .that()
            .resideInAPackage(ROOT + "storage..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                packages(
                    "registry",
                    "raft",
                    "asset",
                    "backup",
                    "build",
                    "cli",
                    "cluster",
                    "config",
                    "connect",
                    "dev",
                    "kernel",
                    "process",
                    "server",
                    "tls",
                    "api",
                    "log",
                    "node")));
    check(
        noClasses()
            .that()
            .resideInAPackage(ROOT + "storage..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(HTTP));
  }

  @Test
  void theStateMachineKnowsNeitherStorageNorTheServerNorHttp() {
    check(
        noClasses()
            .that()
            .resideInAnyPackage(packages("registry", "raft"))
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                packages(
                    "storage", "asset", "backup", "build", "cli", "cluster", "config", "connect",
                    "dev", "kernel", "process", "server", "tls")));
    check(
        noClasses()
            .that()
            .resideInAnyPackage(packages("registry", "raft"))
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(HTTP));
  }

  /** What is applied on every replica has to come out the same everywhere. */
  @Test
  void theRegistryKnowsNeitherRatisNorTimeNorChanceNorTheNetwork() {
    check(
        noClasses()
            .that()
            .resideInAPackage(ROOT + "registry..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(ROOT + "raft..", "org.apache.ratis..", "io.grpc..", "java.net..")
            .orShould()
            .dependOnClassesThat()
            .areAssignableTo(java.time.Clock.class)
            .orShould()
            .dependOnClassesThat()
            .areAssignableTo(java.time.Instant.class)
            .orShould()
            .dependOnClassesThat()
            .areAssignableTo(Random.class)
            .orShould()
            .dependOnClassesThat()
            .areAssignableTo(java.util.UUID.class)
            .orShould()
            .callMethod(System.class, "nanoTime"));
  }

  @Test
  void theRpcFrontKnowsProtocolsButNothingOfThisProduct() {
    check(
        noClasses()
            .that()
            .resideInAPackage(ROOT + "connect..")
            .should()
            .dependOnClassesThat(
                JavaClass.Predicates.resideInAPackage("dev.assetmanagerd..")
                    .and(JavaClass.Predicates.resideOutsideOfPackage(ROOT + "connect.."))));
  }

  @Test
  void theCommandLineClientKnowsOnlyTheProtocols() {
    check(
        noClasses()
            .that()
            .resideInAnyPackage(ROOT + "cli..", ROOT + "olddaemon..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                packages(
                    "registry",
                    "raft",
                    "storage",
                    "asset",
                    "backup",
                    "build",
                    "cluster",
                    "config",
                    "connect",
                    "dev",
                    "kernel",
                    "process",
                    "server",
                    "log")));
  }

  @Test
  void onlyTheRaftAdapterKnowsRatisAndOnlyTheRegistryAndWhatIsImportedSqlite() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackage(ROOT + "raft..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.apache.ratis.."));
    check(
        noClasses()
            .that()
            .resideOutsideOfPackages(ROOT + "registry..", ROOT + "raft..", ROOT + "olddaemon..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("java.sql..", "org.sqlite.."));
  }

  @Test
  void onlyTheObjectStoreKnowsTheAwsSdk() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackage(ROOT + "storage.s3..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("software.amazon.."));
  }

  @Test
  void onlyTheServerPutsThePartsTogether() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackage(ROOT + "server..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage(ROOT + "server.."));
    check(
        classes()
            .that()
            .resideInAPackage(ROOT + "config..")
            .should()
            .onlyBeAccessed()
            .byAnyPackage(packages("config", "dev", "server")));
  }

  @Test
  void packagesOfAModuleDoNotDependOnEachOtherInCircles() {
    check(slices().matching(ROOT + "(*)..").should().beFreeOfCycles());
    check(slices().matching(ROOT + "storage.(*)..").should().beFreeOfCycles());
  }

  @Test
  void onlyTheConfigurationReadsTheEnvironment() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackage(ROOT + "config..")
            .should()
            .callMethod(System.class, "getenv")
            .orShould()
            .callMethod(System.class, "getenv", String.class));
  }

  @Test
  void nobodySleepsOrAsksTheWallClockOrChanceBehindTheCallersBack() {
    check(
        noClasses()
            .should()
            .callMethod(Thread.class, "sleep", long.class)
            .orShould()
            .callMethod(Thread.class, "sleep", long.class, int.class)
            .orShould()
            .callMethod(Math.class, "random")
            .orShould()
            .dependOnClassesThat()
            .areAssignableTo(ThreadLocalRandom.class)
            .orShould()
            .callMethod(java.time.Instant.class, "now"));
    check(
        noClasses()
            .that()
            // The leader's stamps are where wall time comes from.
            .doNotHaveFullyQualifiedName(ROOT + "raft.RaftEngine")
            .should()
            .callMethod(System.class, "currentTimeMillis"));
  }

  @Test
  void textIsNeverReadOrWrittenInThePlatformsCharset() {
    check(
        noClasses()
            .should()
            .callMethod(Charset.class, "defaultCharset")
            .orShould()
            .callConstructor(String.class, byte[].class)
            .orShould()
            .callMethod(String.class, "getBytes")
            .orShould()
            .callConstructor(java.io.InputStreamReader.class, java.io.InputStream.class)
            .orShould()
            .callConstructor(java.io.FileReader.class, String.class)
            .orShould()
            .callConstructor(java.io.FileWriter.class, String.class));
  }

  private static void check(ArchRule rule) {
    rule.check(PROGRAM);
  }

  /** These packages, without those below; of a protocol, its version. */
  private static String[] packages(String... names) {
    return Arrays.stream(names)
        .map(
            name ->
                switch (name) {
                  case "storage", "api" -> ROOT + name + "..";
                  case "log", "node" -> ROOT + name + ".v1";
                  default -> ROOT + name;
                })
        .toArray(String[]::new);
  }
}
