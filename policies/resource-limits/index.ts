import { startPack } from "../crossguard/pack";

startPack("resource-limits");
