// Counts checks and prints those that fail.

import assert from "node:assert/strict";

export class Report {
  passed = 0;
  failed = 0;

  /** Runs one check; a check that throws or takes longer than a minute has failed. */
  async check(name, body) {
    let timer;
    const limit = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error("took longer than 60 s")), 60_000);
    });
    try {
      await Promise.race([body(), limit]);
      this.passed++;
    } catch (error) {
      this.failed++;
      console.log(`FAILED  ${name}\n        ${String(error.message ?? error).replaceAll("\n", "\n        ")}`);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Prints the sums and says whether all is well. */
  summary() {
    console.log(`${this.passed} passed, ${this.failed} failed`);
    return this.failed === 0 && this.passed > 0;
  }
}

/** Expects a call to fail with this Connect code; returns the error. */
export async function failure(code, call) {
  try {
    await call();
  } catch (error) {
    assert.equal(error.code, code, `wrong code: ${error.message}`);
    return error;
  }
  throw new assert.AssertionError({ message: `expected the call to fail with code ${code}` });
}
