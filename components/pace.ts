/**
 * How long things take, and so how long to wait for them: of real CPUs and of emulated ones, about twelve times slower.
 * What is in a resource's inputs must be the same on every machine that looks at the environment. So these do not follow
 * a measured speed, and those for emulated CPUs allow for a machine three times slower than the one of reference.
 */
export interface Pace {
  /** A probe of a static pod; kubeadm's own when absent. */
  staticPodProbe?: Probe;
  /** Whether a static pod answers, which nothing waits for. kubeadm asks each second, and each answer is a TLS handshake. */
  staticPodReadiness: Probe;
  /**
   * CPU that static pods ask for, by which they share what there is; kubeadm's own when absent. And the weights of a control
   * plane's kubelet and of all other services, beside about 40 a core for all pods.
   */
  staticPodCpu?: Record<string, string>;
  controlPlaneWeights?: { kubelet: number; services: number };
  /** Of a deployment's containers; Kubernetes' own when absent. */
  liveness: Partial<Probe>;
  readiness: Partial<Probe>;
  /** New connections that a control plane lets to its API server; as many as come where absent. */
  newApiConnections?: { aSecond: number; atOnce: number };
  /** Leases of scheduler and controller manager: flags beyond their defaults. */
  election: Record<string, string>;
  /** Flags of etcd beyond its defaults. */
  etcd: Record<string, string>;
  controllerManager: Record<string, string>;
  /** Flags of the API server beyond its defaults, and its environment beyond that of all static pods. */
  apiServer: { flags: Record<string, string>; environment: Record<string, string> };
  /** Environment of each static pod. */
  staticPodEnvironment: Record<string, string>;
  /** Settings of the kubelet, and flags that have no setting. */
  kubelet: Record<string, string | number>;
  kubeletFlags: Record<string, string>;
  /** One CoreDNS is enough, and it and the control plane ask for little CPU. */
  lean: boolean;
  /** How long a restarted part of a control plane may take until it answers. */
  restartSeconds: number;
  /** How long some control plane is looked for that answers, where the cluster is asked from outside. */
  apiSeconds: number;
  /** How many times in a row, each 3 s, an API server must fail to be ready before a node sends it nothing more. */
  apiChecks: number;
  /** How long a node may take until it is empty: pods are ended one budget at a time. */
  drainSeconds: number;
  /** How long until what Git holds runs, and until a new rule is in force. */
  firstSyncSeconds: number;
  ruleSeconds: number;
  /** Time from the end of one look whether anything has drifted to the beginning of the next. */
  driftSeconds: number;
  /** Time between two looks of metrics-server at each kubelet. */
  metricsSeconds: number;
  /** How many objects the agent applies at once. */
  appliesAtOnce: number;
  /** How long one attempt to connect to a node's SSH may take. */
  dialSeconds: number;
  /** How long kubeadm waits for what it has started, and for one call. */
  kubeadmSeconds: { health: number; call: number };
}

export interface Probe {
  timeoutSeconds: number;
  periodSeconds: number;
  failureThreshold: number;
}

export const kvm: Pace = {
  staticPodReadiness: { timeoutSeconds: 15, periodSeconds: 10, failureThreshold: 3 },
  liveness: {},
  readiness: {},
  election: {},
  etcd: {},
  controllerManager: {},
  apiServer: { flags: {}, environment: {} },
  staticPodEnvironment: {},
  kubelet: {},
  kubeletFlags: {},
  lean: false,
  restartSeconds: 300,
  apiSeconds: 120,
  apiChecks: 3,
  drainSeconds: 600,
  firstSyncSeconds: 1200,
  ruleSeconds: 600,
  driftSeconds: 8,
  metricsSeconds: 15,
  appliesAtOnce: 4,
  dialSeconds: 20,
  kubeadmSeconds: { health: 600, call: 300 },
};

export const emulated: Pace = {
  staticPodProbe: { timeoutSeconds: 60, periodSeconds: 30, failureThreshold: 20 },
  staticPodReadiness: { timeoutSeconds: 30, periodSeconds: 30, failureThreshold: 10 },
  // An API server ends itself where it is not through with its start in a minute. Until a node is registered its kubelet looks
  // ten times a second whether it is, and it and containerd took more than half of the CPU that the API server needed for that.
  staticPodCpu: { "kube-apiserver": "400m", etcd: "100m", "kube-controller-manager": "25m", "kube-scheduler": "25m" },
  controlPlaneWeights: { kubelet: 15, services: 50 },
  // Some 40 a second came where it started anew, and none too many once it answered.
  newApiConnections: { aSecond: 2, atOnce: 6 },
  liveness: { timeoutSeconds: 30, periodSeconds: 15, failureThreshold: 20 },
  readiness: { timeoutSeconds: 15, periodSeconds: 10 },
  // With the default 15 s both lost their lease to a slow API server, restarted, and made it slower; with 120 s, too, where two
  // previews and the guests shared two cores. Ten tries fit in before the lease has to be given up.
  election: {
    "leader-elect-lease-duration": "240s",
    "leader-elect-renew-deadline": "200s",
    "leader-elect-retry-period": "20s",
  },
  // kubeadm has etcd tell every watch each 5 s how far it is, and the API server watches each kind. Who reads consistently
  // from its cache asks for it by itself.
  // What took more than 0.1 s is logged by default, with all its steps: here that is three times a second.
  etcd: {
    "heartbeat-interval": "1000",
    "election-timeout": "10000",
    "watch-progress-notify-interval": "60s",
    "warning-apply-duration": "10s",
    "warning-unary-request-duration": "20s",
    "log-level": "warn",
  },
  controllerManager: {
    "node-monitor-grace-period": "2m",
    // kubeadm's own list less the one that checks the types in admission policies, against every kind's schema: that is
    // advice, the policies are tested on a real API server, and here it takes minutes while the environment starts.
    controllers: "*,bootstrap-signer-controller,token-cleaner-controller,-validatingadmissionpolicy-status-controller",
  },
  apiServer: {
    // Its copies of 70 kinds each look around once a second, which is half of what it does where nothing happens.
    flags: { "watch-cache": "false" },
    // Memory is collected half as often, for some hundred MiB: where policies are compiled, that was a quarter of its work.
    environment: { GOGC: "200" },
  },
  // As for a node's services, on the kernel's command line: a quarter of the switches from one process to another are left, with
  // the flag above.
  staticPodEnvironment: { GOMAXPROCS: "1" },
  kubelet: {
    // A node is looked at that often, and reported where something has changed; without the second, each time.
    nodeStatusUpdateFrequency: "20s",
    nodeStatusReportFrequency: "5m",
    // Renewed four times in that time.
    nodeLeaseDurationSeconds: 80,
    volumeStatsAggPeriod: "5m",
    runtimeRequestTimeout: "10m",
  },
  kubeletFlags: { "housekeeping-interval": "60s" },
  lean: true,
  restartSeconds: 3600,
  apiSeconds: 900,
  // Each that is taken out ends its watches, and all who watch read all anew from the next, which is late then too.
  apiChecks: 10,
  drainSeconds: 1800,
  firstSyncSeconds: 3600,
  ruleSeconds: 1800,
  driftSeconds: 45,
  metricsSeconds: 60,
  // Flux's own four at once are more than an API server of two emulated cores answers in time.
  appliesAtOnce: 2,
  dialSeconds: 60,
  kubeadmSeconds: { health: 1800, call: 900 },
};

export function paceOf(isEmulated: boolean): Pace {
  return isEmulated ? emulated : kvm;
}
