import type { File } from "../payload";

/** CNCF Distribution behind the authorising proxy: it listens on loopback only. */
export function distributionFiles(httpSecret: string): File[] {
  return [
    { path: "/etc/grunnmur/registry.yml", content: configuration(httpSecret), mode: 0o600 },
    { path: "/etc/systemd/system/grunnmur-registry.service", content: unit },
  ];
}

function configuration(httpSecret: string): string {
  return `version: 0.1
log:
  level: warn
  accesslog:
    disabled: true # the proxy before it writes the access log
storage:
  filesystem:
    rootdirectory: /var/lib/registry
  delete:
    enabled: true
http:
  addr: 127.0.0.1:5000
  relativeurls: true
  secret: ${httpSecret}
`;
}

// The configuration holds a secret: systemd hands it over as a credential, so that it can stay root's.
const unit = `[Unit]
Description=Container image registry
After=network.target

[Service]
User=registry
StateDirectory=registry
LoadCredential=config.yml:/etc/grunnmur/registry.yml
ExecStart=/usr/local/bin/registry serve %d/config.yml
Environment=OTEL_TRACES_EXPORTER=none
Restart=always
RestartSec=2
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes

[Install]
WantedBy=multi-user.target
`;
