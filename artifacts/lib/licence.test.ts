import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { repositoryPath } from "../../lib/places";
import { licencesOf } from "./licence";

test("a licence is known by its own words", () => {
  assert.deepEqual(licencesOf(readFileSync(repositoryPath("LICENSE"), "utf8")), ["Apache-2.0"]);
  assert.deepEqual(
    licencesOf(
      "Copyright (c) 2026 A\n\nPermission is hereby granted, free of charge, to any person obtaining a copy\n",
    ),
    ["MIT"],
  );
  assert.deepEqual(licencesOf("Mozilla Public License Version 2.0\n======"), ["MPL-2.0"]);
  const bsd = "Redistribution and use in source and binary forms, with or without modification, are permitted";
  assert.deepEqual(licencesOf(`${bsd}\nNeither the name of A nor`), ["BSD-3-Clause"]);
  assert.deepEqual(licencesOf("Business Source License 1.1"), []);
});
