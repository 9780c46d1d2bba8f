import type { Resource } from "../shared/provider";
import { serveProvider } from "../shared/provider-server";
import { randomBytes, randomId } from "./bytes";
import { generated } from "./generated";
import { randomPassword, randomString } from "./text";

const resources: Record<string, Resource> = {
  "random:index/randomBytes:RandomBytes": generated(randomBytes),
  "random:index/randomId:RandomId": generated(randomId),
  "random:index/randomPassword:RandomPassword": generated(randomPassword),
  "random:index/randomString:RandomString": generated(randomString),
};

void serveProvider({
  name: "random",
  version: "4.21.2",
  covers: "RandomBytes, RandomId, RandomPassword (without bcryptHash) and RandomString",
  resource: (type) => resources[type],
});
