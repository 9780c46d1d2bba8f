import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { type File, payload } from "../payload";
import { script } from "../script";

/** What stands for the programs of a machine, each a body of a shell script; `$ROOT` is the machine's folder. */
const programs: Record<string, string> = {
  // A static pod is the text of its manifest; one that holds BROKEN has no process and answers nobody.
  "fake-kubelet": `cd "$ROOT"
for name in etcd kube-apiserver kube-controller-manager kube-scheduler; do
  manifest=etc/kubernetes/manifests/$name.yaml
  cmp -s $manifest state/$name && continue
  [ -e $manifest ] || continue
  /bin/cp $manifest state/$name
  /bin/rm -rf proc/[0-9]*-$name proc/$(cat state/$name.pid)
  pid=$(($(cat state/pid) + 1))
  echo $pid >state/pid
  echo $pid >state/$name.pid
  grep -q BROKEN $manifest && continue
  mkdir -p proc/$pid
  printf '%.15s\\n' $name >proc/$pid/comm
  echo "start $name" >>calls
done`,
  kubeadm: `echo "kubeadm $*" | sed "s#$ROOT[^ ]*#FILE#" >>"$ROOT/calls"
for config; do
  case $config in *.yaml) break ;; esac
done
case "$*" in
  "version -o short") cat "$ROOT/state/own-version" 2>/dev/null || echo v1.36.4 ;;
  "init phase upload-config"*) grep '^kubelet:' "$config" >"$ROOT/state/uploaded" ;;
  "init phase"*)
    if grep -q REFUSED "$config"; then echo "unknown flag" >&2; exit 1; fi
    for name in etcd kube-apiserver kube-controller-manager kube-scheduler; do
      case "$3 $name" in "etcd etcd" | "control-plane kube-"*) ;; *) continue ;; esac
      {
        echo "    - $name"
        [ $name != etcd ] || echo "    - --initial-cluster=alone"
        grep "^$name:" "$config"
        cat "$ROOT/etc/kubernetes/patches/$name"* 2>/dev/null || :
      } >"$KUBEADM_INIT_DRYRUN_DIR/$name.yaml"
    done ;;
  "certs check-expiration"*) cat "$ROOT/state/certificates" ;;
  "certs renew all"*) echo renewed >"$ROOT/state/certificates"
    [ ! -d "$ROOT/state/renewed" ] || cp -a "$ROOT/state/renewed/." "$ROOT/" ;;
  "upgrade apply"* | "upgrade node --config"*)
    if grep -q REFUSED "$config"; then echo "not this version" >&2; exit 1; fi
    wanted=$(sed -n 's/^kubernetesVersion: //p' "$config")
    [ "$2" = node ] || echo "$wanted" >"$ROOT/state/cluster-version"
    sed -i "s|\\(image: .*kube-.*\\):v.*|\\1:$wanted|" "$ROOT"/etc/kubernetes/manifests/kube-*.yaml
    fake-kubelet ;;
  "upgrade node"*) cp "$ROOT/state/uploaded" "$ROOT/var/lib/kubelet/config.yaml" ;;
  reset*) rm -rf "$ROOT/etc/kubernetes/manifests" "$ROOT/etc/kubernetes/kubelet.conf" "$ROOT/etc/kubernetes/pki" ;;
  *) cp "$config" "$ROOT/state/given"
    [ ! -e "$ROOT/state/kubeadm-says" ] || cat "$ROOT/state/kubeadm-says" >&2
    case "$*" in
      "init "*" preflight,"*) exit "$(cat "$ROOT/state/kubeadm-rest-code" 2>/dev/null || echo 0)" ;;
      join*--skip-phases*) exit "$(cat "$ROOT/state/kubeadm-goes-on" 2>/dev/null || echo 1)" ;;
      *) exit "$(cat "$ROOT/state/kubeadm-code" 2>/dev/null || echo 0)" ;;
    esac ;;
esac`,
  // A static pod that ends is started again, as another process.
  kill: `echo "kill $(cat "$ROOT/proc/$1/comm")" >>"$ROOT/calls"
rm -f "$ROOT/state/$(grep -lx "$1" "$ROOT"/state/*.pid | xargs basename -s .pid)"
fake-kubelet`,
  systemctl: `echo "systemctl $*" >>"$ROOT/calls"
if [ "$*" = "restart kubelet" ]; then cat "$ROOT/var/lib/kubelet/config.yaml" "$ROOT/var/lib/kubelet/kubeadm-flags.env" "$ROOT/usr/local/bin/kubelet" >"$ROOT/state/kubelet" 2>/dev/null || :; fi`,
  curl: `for url; do :; done
runs() { ! grep -q BROKEN "$ROOT/state/$1" 2>/dev/null; }
case $url in
  *:2381/*) runs etcd ;;
  *:6443/*) runs etcd && runs kube-apiserver ;;
  *:10257/*) runs kube-controller-manager ;;
  *:10259/*) runs kube-scheduler ;;
  *:10248/*) runs kubelet ;;
  *) [ ! -e "$ROOT/state/no-api" ] ;;
esac`,
  kubectl: `echo "kubectl $*" >>"$ROOT/calls"
case " $* " in
  *" apply "*) cat >"$ROOT/state/applied" ;;
  *" kubeadm-config "*) echo "kubernetesVersion: $(cat "$ROOT/state/cluster-version")" ;;
esac`,
  // The registry's image holds programs that say their version.
  ctr: `echo "ctr $*" | sed "s#$ROOT[^ ]*#FILE#g" >>"$ROOT/calls"
for last; do :; done
case "$*" in
  *"images pull"*) if [ -e "$ROOT/state/no-image" ]; then echo "not found" >&2; exit 1; fi ;;
  *"images mount"*) mkdir -p "$last/usr/local/bin"
    tag=$(echo "$5" | sed 's/.*://')
    printf '#!/bin/sh\necho "Kubernetes %s"\n' "$tag" >"$last/usr/local/bin/kubelet"
    for name in kubeadm kubectl; do printf '#!/bin/sh\necho %s\n' "$tag" >"$last/usr/local/bin/$name"; done
    chmod +x "$last"/usr/local/bin/* ;;
  *"images unmount"*) /bin/rm -rf "$last" ;;
esac`,
  sleep: `if [ -e "$ROOT/state/slow" ]; then fake-kubelet; fi
exec /bin/sleep 0.05`,
  mv: `/bin/mv "$@" && { [ -e "$ROOT/state/slow" ] || fake-kubelet; }`,
  ...Object.fromEntries(["cp", "rm", "touch", "install"].map((name) => [name, `exec /usr/bin/${name} "$@"`])),
};

// Before each program that a script calls: the whole run may end here, as where power fails.
const step = `#!/bin/sh
PATH=\${PATH#*:}:$FAKES
if [ -n "$END_AT" ]; then
  echo >>"$ROOT/state/steps"
  [ "$(wc -l <"$ROOT/state/steps")" -ne "$END_AT" ] || kill -9 0
fi
`;

export interface Result {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** A folder that the cluster's scripts take for a machine, with programs that only note what they are asked; for tests. */
export class FakeMachine {
  readonly root = mkdtempSync(join(tmpdir(), "machine-"));
  private readonly fakes = join(this.root, "fakes");

  constructor(t: TestContext) {
    t.after(() => rmSync(this.root, { recursive: true }));
    for (const folder of ["run", "proc", "state", "var/lib/kubelet", "etc/kubernetes/manifests"])
      mkdirSync(join(this.root, folder), { recursive: true });
    for (const [name, body] of Object.entries(programs))
      this.write(`fakes/${name}`, `${name === "fake-kubelet" ? "#!/bin/sh\n" : step}${body}\n`, 0o755);
    this.write("state/pid", "100");
    this.write("calls", "");
  }

  write(path: string, content: string, mode = 0o600): void {
    const file = join(this.root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content, { mode });
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), "utf8");
  }

  has(path: string): boolean {
    return existsSync(join(this.root, path));
  }

  remove(path: string): void {
    rmSync(join(this.root, path), { recursive: true, force: true });
  }

  /** What was asked of the programs since the last time. */
  calls(): string[] {
    const calls = this.read("calls").split("\n").slice(0, -1);
    this.write("calls", "");
    return calls;
  }

  /** Every file below `etc` and `var` with its content; `times` tells also whether one was written again. */
  files(times = false): Record<string, string> {
    const found = ["etc", "var"].flatMap((top) =>
      readdirSync(join(this.root, top), { recursive: true, encoding: "utf8" }).map((path) => join(top, path)),
    );
    const plain = found.filter((path) => statSync(join(this.root, path)).isFile()).sort();
    return Object.fromEntries(
      plain.map((path) => [path, `${this.read(path)}${times ? statSync(join(this.root, path)).ctimeMs : ""}`]),
    );
  }

  /** Runs a script of a node's membership; `endAt` is the number of the program before which the run is killed. */
  async run(name: string, files: File[] = [], env: Record<string, string> = {}, endAt?: number): Promise<Result> {
    this.remove("state/steps");
    const step = { path: name === "join.sh" ? name : "settings.sh", content: script(`cluster/scripts/${name}`) };
    const { status, stdout, stderr } = spawnSync(
      "setsid",
      ["-w", "bash", "--norc", "-c", script("cluster/scripts/member.sh")],
      {
        input: await payload([step, ...files]),
        encoding: "utf8",
        env: {
          ...process.env,
          ROOT: this.root,
          FAKES: this.fakes,
          PATH: `${this.fakes}:${process.env.PATH}`,
          END_AT: endAt === undefined ? "" : String(endAt),
          ...env,
        },
      },
    );
    return { status, stdout, stderr };
  }
}
