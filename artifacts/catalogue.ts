import type { Recipe } from "./lib/store";
import { lock } from "./lock";
import { debianBaseRecipe } from "./recipes/debian-base";
import { fluxManifestsRecipe } from "./recipes/flux-manifests";
import { goldenImageRecipe } from "./recipes/golden-image";
import { imagesRecipe } from "./recipes/images";
import { manifestReaderRecipe } from "./recipes/manifest-reader";
import { networkPoliciesRecipe } from "./recipes/network-policies";
import { paymentServiceRecipe } from "./recipes/payment-service";
import { toolRecipe } from "./recipes/tool";

/** Everything that runs on a node or drives it. */
export function catalogue(): Recipe[] {
  return [
    ...Object.keys(lock().tools).map(toolRecipe),
    fluxManifestsRecipe,
    manifestReaderRecipe,
    networkPoliciesRecipe,
    debianBaseRecipe,
    imagesRecipe,
    goldenImageRecipe,
    paymentServiceRecipe(),
  ];
}
