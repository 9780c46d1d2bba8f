import { dump } from "js-yaml";
import type { Pace } from "../pace";
import { script } from "../script";

/**
 * Prometheus' files.
 * @param fsyncP99Milliseconds what etcd's disk is held to
 */
export function prometheusSettings({ metricsSeconds }: Pace, fsyncP99Milliseconds: number): Record<string, string> {
  return {
    "prometheus.yaml": script("monitoring/files/prometheus.yaml")
      .replaceAll("INTERVAL", `${metricsSeconds}s`)
      .replaceAll("TIMEOUT", `${Math.min(metricsSeconds, 30)}s`),
    "rules.yaml": script("monitoring/files/rules.yaml").replaceAll(
      "FSYNC_LIMIT_SECONDS",
      `${fsyncP99Milliseconds / 1000}`,
    ),
  };
}

export interface Webhook {
  /** Its address. */
  url: string;
  /** PEM of those that signed its certificate; public ones where it is absent. */
  authority?: string;
}

/** Alertmanager's files: all alerts to one place, or to none, where they stay to be looked at. */
export function alertmanagerSettings(webhook: Webhook | undefined, hasToken: boolean): Record<string, string> {
  const http = {
    ...(hasToken ? { authorization: { credentials_file: "/webhook/token" } } : {}),
    ...(webhook?.authority ? { tls_config: { ca_file: "/etc/alertmanager/authority.pem" } } : {}),
  };
  const posted = webhook && { url: webhook.url, send_resolved: true, http_config: http };
  const settings = {
    route: {
      receiver: "all",
      group_by: ["alertname"],
      group_wait: "30s",
      group_interval: "5m",
      repeat_interval: "12h",
      // A sign of life is of use only where it comes often.
      routes: [{ receiver: "all", matchers: ['alertname="Watchdog"'], repeat_interval: "15m" }],
    },
    receivers: [
      {
        name: "all",
        ...(posted ? { webhook_configs: [posted] } : {}),
      },
    ],
    // Where a node is away, what follows from that is no news.
    inhibit_rules: [
      {
        source_matchers: ['alertname="NodeNotReady"'],
        target_matchers: ['alertname="NotMeasured"'],
        equal: ["node"],
      },
    ],
  };
  return {
    "alertmanager.yaml": dump(settings),
    ...(webhook?.authority ? { "authority.pem": webhook.authority } : {}),
  };
}
