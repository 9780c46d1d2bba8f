import { findImages, type ImagePlace } from "./images";

/** A manifest by its path in the repository. */
export interface ManifestText {
  path: string;
  text: string;
}

export interface Found extends ImagePlace {
  file: ManifestText;
}

/** All images of these registries, and what of the files is no YAML, with the reason. */
export function imagesIn(files: readonly ManifestText[], registries: readonly string[]) {
  const unread: string[] = [];
  const found = files.flatMap((file): Found[] => {
    try {
      return findImages(file.text, registries).map((place) => ({ ...place, file }));
    } catch (error) {
      unread.push(`${file.path}: ${(error as Error).message}`);
      return [];
    }
  });
  return { found, unread };
}

/** The places of an image by its whole path or, where there is none, by the end of it. */
export function placesOf(app: string, found: readonly Found[]): Found[] {
  const exact = found.filter(({ repository }) => repository === app);
  return exact.length > 0 ? exact : found.filter(({ repository }) => repository.endsWith(`/${app}`));
}

/**
 * What keeps an app from being changed: it could be another one, or it is not everywhere that was named.
 * @param folders that were named; each must have it
 */
export function missing(
  app: string,
  found: readonly Found[],
  registries: readonly string[],
  folders: readonly string[],
): string[] {
  const places = placesOf(app, found);
  const paths = unique(places);
  if (paths.length > 1) return [`${app} could be ${paths.join(" or ")}: give the whole path`];
  const none = (where: string, there: readonly Found[]) =>
    `no manifest ${where} has the image ${app}; there ${there.length > 0 ? `are ${unique(there).join(", ")}` : "is none"}`;
  const of = (registry: string) => (one: Found) => one.registry === registry;
  const below = (folder: string) => (one: Found) => one.file.path.startsWith(`${folder}/`);
  const absent = folders
    .filter((folder) => !places.some(below(folder)))
    .map((folder) => none(`below ${folder}`, found.filter(below(folder))));
  if (absent.length > 0) return absent;
  return registries
    .filter((registry) => !places.some(of(registry)))
    .map((registry) => none(`here of ${registry}`, found.filter(of(registry))));
}

/** Apps that are one image under two names, of which only one can be right. */
export function sameTwice(apps: readonly string[], found: readonly Found[]): string[] {
  const paths = apps.map((app) => placesOf(app, found)[0]?.repository);
  return apps.flatMap((app, index) => {
    const first = paths.indexOf(paths[index]);
    return paths[index] === undefined || first === index
      ? []
      : [`${apps[first]} and ${app} are one image: leave one of them`];
  });
}

const unique = (places: readonly Found[]): string[] => [...new Set(places.map(({ repository }) => repository))].sort();
