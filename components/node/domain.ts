import { createHash } from "node:crypto";

/** What a libvirt domain is made from. */
export interface DomainArgs {
  /** Unique on the hypervisor. */
  name: string;
  /** IPv4 address on the site's network. */
  address: string;
  cores: number;
  memoryMiB: number;
  bridge: string;
  pool: string;
  /** Identifies the state that makes it: 16 hexadecimal digits. */
  owner: string;
  /** Emulated guests run on any machine, about 12 times slower. */
  emulated: boolean;
  /** Where the serial console is written on the hypervisor. */
  consoleLog: string;
  /** Of a guest with a data disk: what it is for, which its machine reads there when it boots. */
  dataDisk?: "registry" | "worker";
}

/** The domain's XML (https://libvirt.org/formatdomain.html). `@KERNEL@` and `@INITRD@` are filled in on the hypervisor. */
export function domainXml(args: DomainArgs): string {
  const { name, address, cores, memoryMiB, bridge, owner, emulated, consoleLog } = args;
  return `<domain type='${emulated ? "qemu" : "kvm"}'>
  <name>${name}</name>
  <uuid>${uuid(name)}</uuid>
  <metadata><grunnmur:owner xmlns:grunnmur="urn:grunnmur" id="${owner}"/></metadata>
  <memory unit='MiB'>${memoryMiB}</memory>
  <vcpu>${cores}</vcpu>
  ${emulated ? emulatedCpu : "<cpu mode='host-passthrough'/>"}
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <kernel>@KERNEL@</kernel>
    <initrd>@INITRD@</initrd>
    <cmdline>${kernelCommandLine(emulated)}</cmdline>
  </os>
  <features><acpi/>${emulated ? `<tcg><tb-cache unit='MiB'>${translatedMiB(memoryMiB)}</tb-cache></tcg>` : ""}</features>
  <clock offset='utc'/>
  <on_crash>restart</on_crash>
  <devices>
    ${disks(args).join("\n    ")}
    <interface type='bridge'>
      <mac address='${mac(address)}'/><source bridge='${bridge}'/><model type='virtio'/>
    </interface>
    <serial type='file'><source path='${consoleLog}'/></serial>
    <memballoon model='none'/>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
  </devices>
</domain>
`;
}

/**
 * What emulated CPUs do not offer, since who is offered it uses it, and QEMU emulates it more slowly than what is used in its place:
 * AVX, with which Go moves memory (kubectl starts in 8 to 10 s, and in 5 s without); quick string instructions, which go byte by
 * byte (a new page takes 27 us, and 6 without); multiplication without carries, by which Go's TLS takes AES-GCM (16 KiB take 2.1
 * ms, and 0.9 with ChaCha20).
 */
const slowIfEmulated = ["avx", "avx2", "erms", "fsrm", "pclmuldq"];
const emulatedCpu = `<cpu mode='maximum'>${slowIfEmulated.map((name) => `<feature policy='disable' name='${name}'/>`).join("")}</cpu>`;

/** The same for the same name, so that a domain can be defined again (RFC 9562, version 8). */
function uuid(name: string): string {
  const hex = createHash("sha256").update(`grunnmur/${name}`).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    "-",
  );
}

/**
 * Locally administered, and as unique on the network as the address in it. libvirt would draw three bytes anew each time
 * that a domain is defined, and among a thousand guests two the same in 3 of 100 environments.
 */
function mac(address: string): string {
  const octets = address.split(".").map((octet) => Number(octet).toString(16).padStart(2, "0"));
  return ["52", "54", ...octets].join(":");
}

/**
 * Room for translated code. Where it is full QEMU throws all of it away, and a control plane fills 1 GiB within five minutes.
 * 2 GiB is the most that QEMU takes. Not more than a guest's memory allows one to expect.
 */
const translatedMiB = (memoryMiB: number): number => Math.min(2047, Math.round((memoryMiB * 2) / 3));

/**
 * `net.ifnames=0` keeps the one interface's name, eth0, whatever machine type the hypervisor gives. A kernel that panics
 * starts again (`panic=10`): nobody is at the console, and an emulated one has been seen to panic early in its boot, in code that
 * it was patching.
 */
function kernelCommandLine(emulated: boolean): string {
  const common = "root=/dev/vda rw console=ttyS0 net.ifnames=0 panic=10 quiet";
  // Emulated CPUs have no side channels worth the mitigations' cost, and are too slow for the watchdogs. Their time stamp
  // counters are one and the same, which Linux does not know: it would read each time of day from an emulated HPET, one
  // core at a time, and spend two thirds of its time in the kernel. A timer that ticks by itself need not be set anew at
  // each tick, which takes QEMU's one global lock. QEMU 7.2 keeps what it has translated by its virtual address:
  // where each process has others (`norandmaps` is not set), it translates the same programs again for each, 66,000 blocks of
  // code for a login instead of 500. Nobody reads the pressure (`psi`) that is otherwise reckoned at each switch from one
  // process to another. A program in Go with two CPUs wakes the other up for whatever comes, and has it look for work: most
  // switches were that (`GOMAXPROCS`, here of all services).
  return emulated
    ? `${common} mitigations=off norandmaps psi=0 nowatchdog tsc=reliable highres=off nohz=off systemd.setenv=GOMAXPROCS=1`
    : common;
}

function disks({ name, pool, dataDisk }: DomainArgs): string[] {
  return [
    disk(pool, `${name}.qcow2`, "qcow2", "vda"),
    disk(pool, `${name}.seed`, "raw", "vdb"),
    ...(dataDisk ? [disk(pool, `${name}.data.qcow2`, "qcow2", "vdc", `grunnmur-${dataDisk}`)] : []),
  ];
}

/** @param serial by which the guest knows the disk, wherever it finds it; 20 characters at most */
function disk(pool: string, volume: string, format: string, device: string, serial?: string): string {
  const name = serial ? `<serial>${serial}</serial>` : "";
  return `<disk type='volume' device='disk'><driver name='qemu' type='${format}' cache='writeback' discard='unmap'/><source pool='${pool}' volume='${volume}'/><target dev='${device}' bus='virtio'/>${name}</disk>`;
}
