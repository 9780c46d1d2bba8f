import { dump } from "js-yaml";

export function kubeadm(kind: string) {
  return { apiVersion: "kubeadm.k8s.io/v1beta4", kind };
}

export function flags(values: Record<string, string>): { name: string; value: string }[] {
  return Object.entries(values).map(([name, value]) => ({ name, value }));
}

export function yaml(...documents: object[]): string {
  return documents.map((document) => dump(document)).join("---\n");
}
