import type { Pace } from "../pace";

export const namespace = "kube-system";
/** Label of all pods of this component. */
export const part = { "grunnmur.internal/part": "monitoring" };
const nobody = 65534;
const locked = { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } };

/** What is measured of it, and whether it lives, is asked at one port. */
interface Program {
  app: string;
  image: string;
  args: string[];
  port: number;
  /** Path that answers where it is ready. */
  readiness: string;
  /** Path that answers where it lives; that of its readiness where this is absent. */
  liveness?: string;
  memory: { requests: string; limits: string };
  /** What it writes: a folder that goes with the pod. */
  data?: { path: string; size: string };
  mounts: { name: string; path: string; volume: object; propagation?: string }[];
  serviceAccountName?: string;
}

/** As nobody, in the pods' network, and with a file system that is read: of a node it gets what `mounts` says. */
function pod(program: Program, { liveness, readiness }: Pace): object {
  const { app, image, args, port, memory, data, mounts, serviceAccountName } = program;
  const volumes = [
    ...mounts.map(({ name, volume }) => ({ name, ...volume })),
    ...(data ? [{ name: "data", emptyDir: { sizeLimit: data.size } }] : []),
  ];
  const httpGet = { path: program.readiness, port: "metrics" };
  return {
    metadata: { labels: { app, ...part } },
    spec: {
      ...(serviceAccountName ? { serviceAccountName } : { automountServiceAccountToken: false }),
      priorityClassName: "system-cluster-critical",
      securityContext: {
        runAsNonRoot: true,
        runAsUser: nobody,
        runAsGroup: nobody,
        fsGroup: nobody,
        seccompProfile: { type: "RuntimeDefault" },
      },
      containers: [
        {
          name: app,
          image,
          imagePullPolicy: "IfNotPresent",
          args,
          ports: [{ name: "metrics", containerPort: port }],
          securityContext: locked,
          resources: {
            requests: { cpu: "20m", memory: memory.requests, "ephemeral-storage": "16Mi" },
            limits: { cpu: "1", memory: memory.limits, "ephemeral-storage": data?.size ?? "64Mi" },
          },
          readinessProbe: { httpGet, ...readiness },
          livenessProbe: {
            httpGet: { ...httpGet, path: program.liveness ?? program.readiness },
            initialDelaySeconds: 180,
            ...liveness,
          },
          volumeMounts: [
            ...mounts.map(({ name, path, propagation }) => ({
              name,
              mountPath: path,
              readOnly: true,
              ...(propagation ? { mountPropagation: propagation } : {}),
            })),
            ...(data ? [{ name: "data", mountPath: data.path }] : []),
          ],
        },
      ],
      volumes,
    },
  };
}

/** One, since another would write to the same folder or tell the same again. */
const deployment = (app: string, template: object) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: app, namespace, labels: { app } },
  spec: { replicas: 1, selector: { matchLabels: { app } }, strategy: { type: "Recreate" }, template },
});

export function prometheusPod(image: string, pace: Pace): object {
  return deployment(
    "prometheus",
    pod(
      {
        app: "prometheus",
        image,
        args: [
          "--config.file=/etc/prometheus/prometheus.yaml",
          "--storage.tsdb.path=/data",
          "--storage.tsdb.retention.time=15d",
          "--storage.tsdb.retention.size=1GB",
          // Changed settings are read without the pod, and what it has measured goes with that.
          "--enable-feature=auto-reload-config",
          "--config.auto-reload-interval=60s",
        ],
        port: 9090,
        readiness: "/-/ready",
        // While it reads what it has written it is not ready.
        liveness: "/-/healthy",
        memory: { requests: "192Mi", limits: "1Gi" },
        data: { path: "/data", size: "2Gi" },
        mounts: [{ name: "settings", path: "/etc/prometheus", volume: { configMap: { name: "prometheus" } } }],
        serviceAccountName: "prometheus",
      },
      pace,
    ),
  );
}

export function alertmanagerPod(image: string, settings: string, hasToken: boolean, pace: Pace): object {
  return deployment(
    "alertmanager",
    pod(
      {
        app: "alertmanager",
        image,
        args: [
          "--config.file=/etc/alertmanager/alertmanager.yaml",
          "--storage.path=/data",
          "--cluster.listen-address=",
        ],
        port: 9093,
        readiness: "/-/ready",
        memory: { requests: "48Mi", limits: "256Mi" },
        data: { path: "/data", size: "64Mi" },
        mounts: [
          { name: "settings", path: "/etc/alertmanager", volume: { configMap: { name: settings } } },
          // Its image has no public authorities; the node's are as new as its packages.
          {
            name: "authorities",
            path: "/etc/ssl/certs",
            volume: { hostPath: { path: "/etc/ssl/certs", type: "Directory" } },
          },
          ...(hasToken
            ? [
                {
                  name: "webhook",
                  path: "/webhook",
                  volume: { secret: { secretName: "alertmanager-webhook", defaultMode: 0o440 } },
                },
              ]
            : []),
        ],
      },
      pace,
    ),
  );
}

/** A folder of each node, empty after its start, of files that node_exporter reads. */
const measured = {
  mountPath: "/measured",
  volume: { hostPath: { path: "/run/grunnmur-measured", type: "DirectoryOrCreate" } },
};

/** On each node, in the pods' network and as nobody: of the node it reads what anybody there may. */
export function nodeExporter(image: string, pace: Pace): object {
  const app = "node-exporter";
  const host = (name: string, path: string, propagation?: string) => ({
    name,
    path: `/host/${name}`,
    volume: { hostPath: { path, type: "Directory" } },
    ...(propagation ? { propagation } : {}),
  });
  const template = pod(
    {
      app,
      image,
      args: [
        "--path.procfs=/host/proc",
        "--path.sysfs=/host/sys",
        "--path.rootfs=/host/root",
        "--collector.disable-defaults",
        ...["cpu", "diskstats", "filesystem", "loadavg", "meminfo", "pressure", "textfile", "timex", "uname"].map(
          (collector) => `--collector.${collector}`,
        ),
        "--collector.filesystem.mount-points-exclude=^/(dev|proc|run|sys|var/lib/(containerd|kubelet)/.+)($|/)",
        `--collector.textfile.directory=${measured.mountPath}`,
      ],
      port: 9100,
      readiness: "/",
      memory: { requests: "24Mi", limits: "128Mi" },
      mounts: [
        host("proc", "/proc"),
        host("sys", "/sys"),
        host("root", "/", "HostToContainer"),
        { name: "measured", path: measured.mountPath, volume: measured.volume },
      ],
    },
    pace,
  ) as { spec: object };
  return {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: { name: app, namespace, labels: { app } },
    spec: {
      selector: { matchLabels: { app } },
      template: {
        ...template,
        spec: { ...template.spec, priorityClassName: "system-node-critical", tolerations: [{ operator: "Exists" }] },
      },
    },
  };
}

/**
 * On each control plane, in its network and as root without any of root's rights: it asks etcd on its loopback, and writes into a
 * folder of root's.
 */
export function etcdTeller(image: string, { metricsSeconds }: Pace): object {
  const app = "etcd-measured";
  return {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: { name: app, namespace, labels: { app } },
    spec: {
      selector: { matchLabels: { app } },
      template: {
        metadata: { labels: { app } },
        spec: {
          automountServiceAccountToken: false,
          hostNetwork: true,
          nodeSelector: { "node-role.kubernetes.io/control-plane": "" },
          tolerations: [{ operator: "Exists" }],
          priorityClassName: "system-node-critical",
          securityContext: { seccompProfile: { type: "RuntimeDefault" } },
          containers: [
            {
              name: app,
              image,
              imagePullPolicy: "IfNotPresent",
              args: [`--etcd-to=${measured.mountPath}/etcd.prom`, `--every=${metricsSeconds}s`],
              securityContext: locked,
              resources: {
                requests: { cpu: "10m", memory: "16Mi", "ephemeral-storage": "16Mi" },
                limits: { cpu: "500m", memory: "64Mi", "ephemeral-storage": "64Mi" },
              },
              volumeMounts: [{ name: "measured", mountPath: measured.mountPath }],
            },
          ],
          volumes: [{ name: "measured", ...measured.volume }],
        },
      },
    },
  };
}

/** The program of ours. */
export function agent(
  image: string,
  { host, address, hosts }: { host: string; address: string; hosts: readonly string[] },
  pace: Pace,
): object {
  return deployment(
    "monitoring",
    pod(
      {
        app: "monitoring",
        image,
        args: [
          `--registry=${host}`,
          `--registry-address=${address}`,
          `--every=${4 * pace.metricsSeconds}s`,
          ...[...hosts].sort().map((each) => `--ingress-host=${each}`),
        ],
        port: 9468,
        readiness: "/readyz",
        memory: { requests: "32Mi", limits: "192Mi" },
        mounts: [
          {
            name: "registry",
            path: "/registry",
            volume: { secret: { secretName: "monitoring-registry", defaultMode: 0o440 } },
          },
        ],
        serviceAccountName: "monitoring",
      },
      pace,
    ),
  );
}
