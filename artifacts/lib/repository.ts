// Some recipes count the text of their own file in their keys, so what they import from here they go on importing.
export { repositoryPath } from "../../lib/places";
