// What people with curl see: JSON over HTTP, without a client library.

import assert from "node:assert/strict";

async function post(url, body, headers = {}) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body,
  });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

export async function json(report, where, base) {
  const check = (name, body) => report.check(`${where}: ${name}`, body);

  await check("snake_case is read and lowerCamelCase is written", async () => {
    const { status, text } = await post(
      `${base}/ListAssets`,
      '{"label_selector": {"none": "such"}, "page_size": 3, "unknown_field": [1]}',
    );
    assert.equal(status, 200, text);
    assert.deepEqual(JSON.parse(text), {});
  });

  await check("a deadline of nothing has passed", async () => {
    const { status, text } = await post(`${base}/ListAssets`, "{}", { "Connect-Timeout-Ms": "0" });
    assert.equal(status, 504, text);
    assert.equal(JSON.parse(text).code, "deadline_exceeded");
  });

  for (const [name, body, message] of [
    ["malformed JSON", '{"page_size": 1', /malformed JSON.*line 1/],
    ["an unknown enum name", '{"type": "ASSET_TYPE_FLOPPY"}', /type.*ASSET_TYPE_FLOPPY/],
    ["a number that is none", '{"page_size": "many"}', /page_size.*many/],
    ["a page token from nowhere", '{"page_token": "nowhere"}', /page_token/],
  ]) {
    await check(`${name} is invalid_argument`, async () => {
      const { status, text } = await post(`${base}/ListAssets`, body);
      assert.equal(status, 400, text);
      const error = JSON.parse(text);
      assert.equal(error.code, "invalid_argument");
      assert.match(error.message, message);
    });
  }

  await check("a method that does not exist is unimplemented", async () => {
    const { status, text } = await post(`${base}/NoSuchMethod`, "{}");
    assert.equal(status, 404);
    assert.equal(JSON.parse(text).code, "unimplemented");
  });
}
