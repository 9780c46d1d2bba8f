import { optionOf, type Report } from "./report";

/** The certificate by which the cluster's authority signs: no `up` renews it. */
export const AUTHORITY = "the cluster's authority";

/** What helps where a certificate ends soon, or was not renewed: see `Report.certificates`. */
export function renewedBy(report: Pick<Report, "stack" | "ingress">, of: string): string {
  const option = optionOf(report);
  if (of.endsWith("API server"))
    return "its control plane should have renewed it: journalctl -u grunnmur-certificates there";
  if (of === AUTHORITY) return `./grunnmur rotate ca${option} makes others, which last ten years`;
  if (report.ingress?.hosts.includes(of))
    return `the ingress should have renewed it: ./grunnmur kubectl${option} logs -n kube-system ds/ingress`;
  const first = of === "the ingress" ? "set a newer ingressCertificate where it is somebody else's, then " : "";
  return `${first}./grunnmur up${option}`;
}
