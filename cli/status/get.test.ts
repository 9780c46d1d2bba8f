import assert from "node:assert/strict";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { get } from "./get";

test("a server that accepts and then says nothing is given up on", async () => {
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = server.address() as AddressInfo;
    await assert.rejects(get({ host: "127.0.0.1", port, path: "/" }, 0.2), /no answer within 0\.2 s/);
  } finally {
    server.close();
  }
});
