import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { deployment, yaml } from "./manifests";

const ENVIRONMENTS = ["test", "staging", "east", "west"];

/** How many objects each overlay builds. */
export const OBJECTS = 3;

/**
 * A configuration repository as teams keep one: applications with a base, and an overlay for each environment.
 * @param roots how many overlays
 * @returns their directories
 */
export function writeRepository(directory: string, roots: number): string[] {
  return Array.from({ length: roots }, (_none, root) => {
    const index = Math.floor(root / ENVIRONMENTS.length);
    const environment = ENVIRONMENTS[root % ENVIRONMENTS.length] as string;
    const application = join(directory, "apps", `service-${index}`);
    if (environment === ENVIRONMENTS[0]) write(join(application, "base"), baseOf(index));
    const overlay = join(application, "overlays", environment);
    write(overlay, overlayOf(index, environment));
    return overlay;
  });
}

function write(directory: string, files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
}

const baseOf = (index: number): Record<string, string> => ({
  "kustomization.yaml": `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - deployment.yaml
  - service.yaml
  - config.yaml
`,
  "deployment.yaml": yaml(deployment(index)),
  "service.yaml": `apiVersion: v1
kind: Service
metadata:
  name: service-${index}
  namespace: shop
spec:
  selector:
    app: service-${index}
  ports:
    - port: 80
      targetPort: 8080
`,
  "config.yaml": `apiVersion: v1
kind: ConfigMap
metadata:
  name: service-${index}-settings
  namespace: shop
data:
  LOG_LEVEL: info
`,
});

const overlayOf = (index: number, environment: string): Record<string, string> => ({
  "kustomization.yaml": `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - ../../base
namePrefix: ${environment}-
images:
  - name: registry.example.no/team/service-${index}
    newTag: 2c26b46b68ffc68ff99b453c1d30413413422d70
patches:
  - path: settings.yaml
  - target:
      kind: Deployment
      name: service-${index}
    patch: |-
      - op: replace
        path: /spec/replicas
        value: 3
`,
  "settings.yaml": `apiVersion: apps/v1
kind: Deployment
metadata:
  name: service-${index}
  namespace: shop
spec:
  template:
    spec:
      containers:
        - name: app
          env:
            - name: ENVIRONMENT
              value: ${environment}
`,
});
