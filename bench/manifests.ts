import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const IN_A_FILE = 100;

/** One Deployment of many; every tenth has a container without a memory limit, every tenth an image without a tag. */
export function deployment(index: number): Record<string, unknown> {
  const name = `service-${index}`;
  const labels = { app: name };
  const limits = { cpu: "500m", "ephemeral-storage": "64Mi", ...(index % 10 === 3 ? {} : { memory: "128Mi" }) };
  const image = `registry.example.no/team/${name}${index % 10 === 7 ? "" : ":9f86d081884c7d659a2feaa0c55ad015a3bf4f1b"}`;
  const requests = { cpu: "250m", memory: "64Mi", "ephemeral-storage": "32Mi" };
  const container = { name: "app", image, ports: [{ containerPort: 8080 }], resources: { requests, limits } };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: "shop", labels },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [container] } },
    },
  };
}

/** @returns the files */
export function writeManifests(directory: string, count: number): string[] {
  mkdirSync(directory, { recursive: true });
  return Array.from({ length: Math.ceil(count / IN_A_FILE) }, (_none, file) => {
    const path = join(directory, `manifests-${file}.yaml`);
    const size = Math.min(IN_A_FILE, count - file * IN_A_FILE);
    const documents = Array.from({ length: size }, (_document, at) => yaml(deployment(file * IN_A_FILE + at)));
    writeFileSync(path, documents.join("---\n"));
    return path;
  });
}

/** Block style, as people write manifests: JSON would be easier to read for some than for others. */
export function yaml(value: unknown, indent = ""): string {
  if (Array.isArray(value)) {
    return value.map((item) => `${indent}- ${yaml(item, `${indent}  `).trimStart()}`).join("");
  }
  return Object.entries(value as object)
    .map(([key, item]) =>
      item !== null && typeof item === "object"
        ? `${indent}${key}:\n${yaml(item, `${indent}  `)}`
        : `${indent}${key}: ${typeof item === "string" ? JSON.stringify(item) : item}\n`,
    )
    .join("");
}
