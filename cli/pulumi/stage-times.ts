import type { EngineEvent, StepMetadata } from "./events";

/** What one stage of an update took and did. */
export interface StageTime {
  stage: string;
  /** Seconds in which at least one of the stage's resources was being worked on. */
  seconds: number;
  /** Resources created, updated, replaced or deleted. */
  changed: number;
  failed: number;
}

interface Running extends StageTime {
  under: Map<string, number>;
  since: number;
}

const UNCHANGED = new Set(["same", "read", "refresh"]);

/**
 * The stage of a resource: the folder of the innermost component it is part of, as in
 * `…::grunnmur:platform:Platform$grunnmur:node:KvmNode$command:local:Command::disk` → `nodes`.
 */
export function stageOf(urn: string): string {
  const chain = urn.split("::")[2] ?? "";
  const folders = [...chain.matchAll(/(?:^|\$)grunnmur:([a-z-]+):/g)].map(([, folder]) => folder ?? "");
  const folder = folders.filter((name) => name !== "platform").at(-1);
  return folder === "node" ? "nodes" : (folder ?? "platform");
}

/** The name of a resource, for a person. */
export const nameOf = (urn: string): string => urn.split("::").at(-1) ?? urn;

/** Adds up how long each stage of an update takes, from the engine's events as they come. */
export class StageTimes {
  private readonly stages = new Map<string, Running>();
  private readonly begun = new Set<string>();

  /** @param now seconds on any clock; @returns the stage's name when this event is its first work */
  event(event: EngineEvent, now: number): string | undefined {
    if (event.summaryEvent?.isPreview) {
      this.stages.clear();
      this.begun.clear();
    }
    const start = event.resourcePreEvent?.metadata;
    if (start && isWork(start)) return this.start(start, now);
    const end = event.resOutputsEvent?.metadata ?? event.resOpFailedEvent?.metadata;
    if (end) this.end(end, now, event.resOpFailedEvent !== undefined);
    return undefined;
  }

  /** What is being worked on now: `nodes: control-1-disk, worker-1-disk`, one text a stage. */
  underWay(): string[] {
    return [...this.stages.values()]
      .filter(({ under }) => under.size > 0)
      .map(({ stage, under }) => `${stage}: ${[...under.keys()].map(nameOf).join(", ")}`);
  }

  /** Stages in the order in which they began. */
  rows(): StageTime[] {
    return [...this.stages.values()].map(({ stage, seconds, changed, failed }) => ({
      stage,
      seconds,
      changed,
      failed,
    }));
  }

  private start(step: StepMetadata, now: number): string | undefined {
    const name = stageOf(step.urn);
    const stage = this.stages.get(name) ?? {
      stage: name,
      seconds: 0,
      changed: 0,
      failed: 0,
      under: new Map(),
      since: now,
    };
    this.stages.set(name, stage);
    if (stage.under.size === 0) stage.since = now;
    stage.under.set(step.urn, now);
    if (UNCHANGED.has(step.op) || this.begun.has(name)) return undefined;
    this.begun.add(name);
    return name;
  }

  private end(step: StepMetadata, now: number, failed: boolean): void {
    const stage = this.stages.get(stageOf(step.urn));
    if (!stage?.under.delete(step.urn)) return;
    if (stage.under.size === 0) stage.seconds += now - stage.since;
    if (failed) stage.failed += 1;
    else if (!UNCHANGED.has(step.op)) stage.changed += 1;
  }
}

/** Components have no provider and are begun long before their first resource: their time says nothing. */
const isWork = (step: StepMetadata): boolean => Boolean(step.provider);
