import type { Recipe } from "./lib/store";
import { lock, lockedImage } from "./lock";
import { checkRecipe } from "./recipes/check";
import { checkImageRecipe } from "./recipes/check-image";
import { debianBaseRecipe } from "./recipes/debian-base";
import { fluxManifestsRecipe } from "./recipes/flux-manifests";
import { goldenImageRecipe } from "./recipes/golden-image";
import { imagesRecipe, optionalImageRecipe } from "./recipes/images";
import { manifestReaderRecipe } from "./recipes/manifest-reader";
import { ownProgramRecipe } from "./recipes/own-program";
import { paymentServiceRecipe } from "./recipes/payment-service";
import { policyPacksRecipe } from "./recipes/policy-packs";
import { toolRecipe } from "./recipes/tool";

/** Everything that runs on a node or drives it. */
export function catalogue(): Recipe[] {
  return [
    ...Object.keys(lock().tools).map(toolRecipe),
    fluxManifestsRecipe,
    manifestReaderRecipe,
    checkRecipe(),
    policyPacksRecipe(),
    ...["network-policies", "storage", "ingress", "monitoring"].map(ownProgramRecipe),
    debianBaseRecipe,
    imagesRecipe,
    ...Object.keys(lock().images)
      .filter((name) => lockedImage(name).optional)
      .map(optionalImageRecipe),
    checkImageRecipe(),
    goldenImageRecipe,
    paymentServiceRecipe(),
  ];
}
