import { itemsOf, type KubeApi } from "./kube-api";

interface Pod {
  metadata: { name: string };
  spec: { volumes?: { projected?: { sources?: { serviceAccountToken?: { expirationSeconds?: number } }[] } }[] };
  status?: {
    phase?: string;
    containerStatuses?: { state?: { running?: { startedAt: string } } }[];
  };
}

interface Secret {
  metadata: { namespace: string; name: string; creationTimestamp: string };
}

/** What may still be known to the cluster by a key of service accounts that is no longer the one in use. */
export interface FormerTokens {
  /** By then every running pod has a token of the key in use. */
  until: Date;
  /** Tokens without an end, as `namespace/name` of their Secrets. */
  secrets: string[];
}

/**
 * Every API server signs with the key that it found at its start: what is older than the last start may be of another key.
 * @throws where the API does not answer, or one of its servers does not run
 */
export async function formerTokens(api: KubeApi): Promise<FormerTokens> {
  const [servers, pods, secrets] = await Promise.all([
    itemsOf<Pod>(api, "/api/v1/namespaces/kube-system/pods?labelSelector=component%3Dkube-apiserver"),
    itemsOf<Pod>(api, "/api/v1/pods"),
    itemsOf<Secret>(api, "/api/v1/secrets?fieldSelector=type%3Dkubernetes.io%2Fservice-account-token"),
  ]);
  if (servers.length === 0) throw new Error("the cluster's API names no API server, so nothing is known of its tokens");
  const since = Math.max(...servers.map(startOf));
  const lives = Math.max(HOUR, ...pods.filter(runs).flatMap(({ spec }) => secondsOf(spec)));
  return {
    until: new Date(since + (Math.min(lives, DAY) + UNTIL_READ) * 1000),
    secrets: secrets
      .filter(({ metadata }) => Date.parse(metadata.creationTimestamp) <= since)
      .map(({ metadata: { namespace, name } }) => `${namespace}/${name}`),
  };
}

/** Seconds that a pod's token lives where nothing else is asked for (the API server gives seven more to see who uses old ones). */
const HOUR = 3607;
/** The kubelet has a token signed anew after a day at the latest, however long it would be good. */
const DAY = 24 * 3600;
/** Seconds until the kubelet has written it and the pod has read it. */
const UNTIL_READ = 300;

const runs = ({ status }: Pod): boolean => status?.phase !== "Succeeded" && status?.phase !== "Failed";

const secondsOf = ({ volumes = [] }: Pod["spec"]): number[] =>
  volumes
    .flatMap(({ projected }) => projected?.sources ?? [])
    .flatMap(({ serviceAccountToken }) => serviceAccountToken?.expirationSeconds ?? []);

function startOf({ metadata, status }: Pod): number {
  const started = status?.containerStatuses?.[0]?.state?.running?.startedAt;
  if (!started) throw new Error(`${metadata.name} does not run`);
  return Date.parse(started);
}
