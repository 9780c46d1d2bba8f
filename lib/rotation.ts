import { z } from "zod";

/**
 * Credentials that can be changed while an environment lives. They follow from seeds that stay; another generation is another
 * credential of the same seed.
 */
export const ROTATED = [
  "registry",
  "admin-ssh",
  "deploy-key",
  "etcd-encryption",
  "service-account-keys",
  "sops",
  "ca",
  "ingress",
] as const;

export type Rotated = (typeof ROTATED)[number];

const rotation = z.object({
  /** The generation that is used from now on. */
  used: z.number().int().nonnegative(),
  /** Those that are taken: two while a rotation is under way. */
  accepted: z.array(z.number().int().nonnegative()).min(1),
  /** The day on which a generation came to be, ISO 8601, by its number; of authorities, whose ten years count from it. */
  since: z.record(z.string(), z.string()).optional(),
});

/** How far the rotation of a credential is. */
export type Rotation = z.infer<typeof rotation>;

export const rotations = z.object(
  Object.fromEntries(ROTATED.map((each) => [each, rotation.optional()])) as Record<
    Rotated,
    z.ZodOptional<typeof rotation>
  >,
);

/** Of each credential that was ever rotated; the others are in their first generation. */
export type Rotations = z.infer<typeof rotations>;

export const atFirst: Rotation = { used: 0, accepted: [0] };

/** Whether it was never rotated. */
export const isAtFirst = ({ used, accepted }: Rotation): boolean => used === 0 && accepted.length === 1;

/** The generations that are taken, the one in use before others. */
export const inUseFirst = ({ used, accepted }: Pick<Rotation, "used" | "accepted">): number[] => [
  used,
  ...accepted.filter((one) => one !== used),
];

export const rotationOf = (all: Rotations, which: Rotated): Rotation => all[which] ?? atFirst;

/** What a credential of a generation is derived for; the first has the name that it had before there were others. */
export const purposeOf = (purpose: string, generation: number): string =>
  generation === 0 ? purpose : `${purpose}/${generation}`;

/** How `./grunnmur rotate` hands them to the program. */
export const HANDED_OVER = "GRUNNMUR_ROTATIONS";

/** @throws where the text is not what `JSON.stringify` makes of rotations */
export const parseRotations = (text: string): Rotations => rotations.parse(JSON.parse(text));

/**
 * What comes next, each an `up` of its own: the new one is taken beside the old one, then used, then the old one is taken no
 * more. One whose both sides the program itself holds, in one step, needs no more than that.
 */
export function next(which: Rotated, { used, accepted, since = {} }: Rotation, now = new Date()): Rotation {
  const newest = Math.max(...accepted);
  if (which === "deploy-key") return { used: newest + 1, accepted: [newest + 1] };
  const began = accepted.length === 1;
  const to = began
    ? { used, accepted: [used, used + 1] }
    : used === newest
      ? { used, accepted: [used] }
      : { used: newest, accepted };
  if (which !== "ca" && which !== "ingress") return to;
  const day = `${now.toISOString().slice(0, 10)}T00:00:00Z`;
  const all = began ? { ...since, [used + 1]: day } : since;
  return { ...to, since: Object.fromEntries(Object.entries(all).filter(([one]) => to.accepted.includes(Number(one)))) };
}
