package dev.assetmanagerd.clustertests.chaos.workload;

/** What a client does next. Weights are relative to each other. */
enum Step {
  ACQUIRE(220),
  ACQUIRE_SEVERAL(50),
  RELEASE(190),
  RENEW(80),
  REGISTER(100),
  UPLOAD(40),
  DELETE(45),
  COLLECT(3),
  PREPARE(40),
  GET(140),
  LIST(30),
  QUERY(20),
  SESSION(80),
  REPEAT(20),
  TURN_AWAY(10);

  private final int weight;

  Step(int weight) {
    this.weight = weight;
  }

  int weight() {
    return weight;
  }
}
