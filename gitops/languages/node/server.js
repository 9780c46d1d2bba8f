// Payment-service is small, and without state or dependencies.
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

/** The commit that the image was built from. */
const version = process.env.VERSION ?? "development";

/** Shorter than the 30 s that Kubernetes waits before it kills. */
const DRAIN_MILLISECONDS = 15_000;

const ROUTES = {
  "/healthz": (response) => text(response, "ok\n"),
  "/version": (response) => {
    response.setHeader("Content-Type", "application/json");
    response.end(`${JSON.stringify({ service: "payment-service", version })}\n`);
  },
  "/": (response) => text(response, `payment-service ${version}\n`),
};

function text(response, body) {
  response.setHeader("Content-Type", "text/plain; charset=utf-8");
  response.end(body);
}

/** Answers 404 for a path that there is not, and 405 for a method other than GET and HEAD. */
export function answer(request, response) {
  const path = (request.url ?? "/").split("?")[0];
  if (!Object.hasOwn(ROUTES, path)) response.writeHead(404).end();
  else if (request.method !== "GET" && request.method !== "HEAD") response.writeHead(405, { Allow: "GET, HEAD" }).end();
  else ROUTES[path](response);
}

/** Serves until it is told to end, then finishes the requests under way. */
export function serve(port) {
  const server = createServer({ headersTimeout: 5_000, keepAliveTimeout: 60_000, maxHeaderSize: 16 << 10 }, answer);
  server.listen(port, () => log("listening", { port: server.address().port, version }));
  const stop = () => {
    log("draining");
    server.close();
    server.closeIdleConnections();
    setTimeout(() => {
      log("stopped", { error: "requests are still open" });
      process.exit(1);
    }, DRAIN_MILLISECONDS).unref();
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  return server;
}

function log(message, more = {}) {
  console.log(JSON.stringify({ time: new Date().toISOString(), message, ...more }));
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) serve(8080);
