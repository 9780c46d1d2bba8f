package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/konfig"
)

// remote is what kustomize would fetch.
var remote = regexp.MustCompile(`(?i)^(?:git::|gh:|[a-z][a-z0-9+.-]*://|[a-z][a-z0-9-]*@[^/]+[:/]|(?:www\.)?github\.com[/:])\S*$`)

var schemas = regexp.MustCompile(`(?m)^\s*(?:openapi|crds)\s*:`)

// texts are the files that were read, relative to the root, in order.
func (s *source) texts() []string {
	var found []string
	for path, content := range s.seen {
		if isDigest(content) {
			found = append(found, path)
		}
	}
	sort.Strings(found)
	return found
}

// namesSchemas: a kustomization of this build brought schemas, which kustomize keeps for those that follow.
func (s *source) namesSchemas() bool {
	for _, path := range s.texts() {
		if !slices.Contains(konfig.RecognizedKustomizationFileNames(), filepath.Base(path)) {
			continue
		}
		if text, err := os.ReadFile(filepath.Join(s.root, path)); err == nil && schemas.Match(text) {
			return true
		}
	}
	return false
}

// foreign names the first file, field and address of something that lies elsewhere; "" where there is none.
func (s *source) foreign() string {
	for _, path := range s.texts() {
		text, err := os.ReadFile(filepath.Join(s.root, path))
		if err != nil {
			continue
		}
		var document yaml.Node
		if yaml.Unmarshal(text, &document) != nil || len(document.Content) == 0 {
			continue
		}
		kustomization := slices.Contains(konfig.RecognizedKustomizationFileNames(), filepath.Base(path))
		if field, address, line := addressIn(document.Content[0], "", kustomization); address != "" {
			return fmt.Sprintf("%s:%d: %s: %s is not in this repository; what is fetched from elsewhere is not judged", path, line, field, address)
		}
	}
	return ""
}

// files are the fields by which kustomizations, generators and transformers name files.
var files = []string{
	"resources", "bases", "components", "generators", "transformers", "validators", "path", "paths", "files", "envs",
	"env", "patchesStrategicMerge", "configurations", "crds", "repo", "schema", "valuesFile", "additionalValuesFiles",
	"chartHome", "globals", "source", "url",
}

func addressIn(node *yaml.Node, field string, within bool) (string, string, int) {
	switch node.Kind {
	case yaml.ScalarNode:
		value := regexp.MustCompile(`^[^=:/]*=`).ReplaceAllString(node.Value, "")
		if within && remote.MatchString(value) {
			return field, value, node.Line
		}
		// A generator or transformer may stand in a text.
		var inner yaml.Node
		if within && len(node.Value) > 0 && regexp.MustCompile(`\n`).MatchString(node.Value) &&
			yaml.Unmarshal([]byte(node.Value), &inner) == nil && len(inner.Content) > 0 {
			if inside, address, line := addressIn(inner.Content[0], "", false); address != "" {
				return field + "." + inside, address, node.Line + line
			}
		}
	case yaml.MappingNode:
		for at := 0; at+1 < len(node.Content); at += 2 {
			key := node.Content[at].Value
			name := key
			if field != "" {
				name = field + "." + key
			}
			if found, address, line := addressIn(node.Content[at+1], name, slices.Contains(files, key)); address != "" {
				return found, address, line
			}
		}
	case yaml.SequenceNode:
		for _, item := range node.Content {
			if found, address, line := addressIn(item, field, within); address != "" {
				return found, address, line
			}
		}
	}
	return "", "", 0
}
