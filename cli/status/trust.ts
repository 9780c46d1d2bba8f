import { itemsOf, type KubeApi } from "./kube-api";

interface Pod {
  metadata: { namespace: string; name: string };
  spec: { volumes?: { projected?: { sources?: { configMap?: { name?: string } }[] } }[] };
  status?: { phase?: string; startTime?: string };
}

interface Given {
  metadata: { namespace: string; managedFields?: { time?: string }[] };
}

/** By which pods are given the cluster's authorities, in each namespace. */
const GIVEN = "kube-root-ca.crt";

/**
 * Pods, as `namespace/name`, that were started before their namespace was last given the cluster's authorities and may ask the API:
 * not every program reads them a second time.
 *
 * @throws where the API does not answer
 */
export async function formerTrust(api: KubeApi): Promise<string[]> {
  const [pods, given] = await Promise.all([
    itemsOf<Pod>(api, "/api/v1/pods"),
    itemsOf<Given>(api, `/api/v1/configmaps?fieldSelector=metadata.name%3D${GIVEN}`),
  ]);
  const since = new Map(
    given.map(({ metadata: { namespace, managedFields = [] } }) => [
      namespace,
      Math.max(0, ...managedFields.map(({ time }) => Date.parse(time ?? "") || 0)),
    ]),
  );
  return pods
    .filter(({ metadata, spec, status }) => {
      if (status?.phase === "Succeeded" || status?.phase === "Failed" || !status?.startTime) return false;
      return asks(spec) && Date.parse(status.startTime) <= (since.get(metadata.namespace) ?? 0);
    })
    .map(({ metadata: { namespace, name } }) => `${namespace}/${name}`)
    .sort();
}

const asks = ({ volumes = [] }: Pod["spec"]): boolean =>
  volumes.some(({ projected }) => projected?.sources?.some(({ configMap }) => configMap?.name === GIVEN));
