package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/fluxcd/pkg/ssa/utils"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/provider"
	"sigs.k8s.io/kustomize/api/resource"
)

var factory = provider.NewDefaultDepProvider().GetResourceFactory()

func kustomizeReading(text []byte) (objects []*unstructured.Unstructured, err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("kustomize: %v", problem)
		}
	}()
	resources, err := factory.SliceFromBytes(text)
	if err != nil {
		return nil, err
	}
	for _, one := range resources {
		// A build makes texts of them, with those of its own that it sets and takes away.
		if annotations := one.GetAnnotations(); len(annotations) > 0 {
			if err := one.SetAnnotations(annotations); err != nil {
				return nil, err
			}
		}
	}
	return objectsOf(resources)
}

func objectsOf(resources []*resource.Resource) ([]*unstructured.Unstructured, error) {
	var all bytes.Buffer
	for _, one := range resources {
		text, err := one.AsYAML()
		if err != nil {
			return nil, err
		}
		all.WriteString("---\n")
		all.Write(text)
	}
	return utils.ReadObjects(&all)
}

// agreed gives what both readers make of a file: the reading of the one that finds all that the other does. Where they
// differ in texts alone, kustomize has made them as the API wants them: its reading is the agent's, and kubectl's comes
// behind it. Where neither finds all, both count, with a fault.
func agreed(documents []document, built []*unstructured.Unstructured) ([]document, []fault) {
	var lines []int
	var objects, others []map[string]any
	for _, one := range documents {
		for _, object := range flatten(decoded(one.Value)) {
			lines, objects = append(lines, one.Line), append(objects, object)
		}
	}
	for _, one := range built {
		others = append(others, plainMap(one))
	}
	if firstMissing(others, objects) < 0 {
		return documents, nil
	}
	if firstMissing(objects, others) < 0 {
		return unplaced(built), nil
	}
	if here := slices.IndexFunc(objects, func(object map[string]any) bool { return !amongButTexts(object, others) }); here >= 0 {
		return append(documents, unplaced(built)...), []fault{differing(objects[here], lines[here])}
	}
	found := unplaced(built)
	known := setOf(others)
	for at, object := range objects {
		if len(objects) == len(others) && len(objects) == len(documents) {
			found[at].Line = lines[at]
		}
		if !known[canonical(object)] {
			found = append(found, document{Line: lines[at], Value: json.RawMessage(canonical(object)), Again: true})
		}
	}
	return found, nil
}

func differing(object map[string]any, line int) fault {
	const reason = "kubectl and kustomize do not read the same in this %v: write it in a form that all read alike"
	return fault{Line: line, Reason: fmt.Sprintf(reason, object["kind"]), Differs: true}
}

// firstMissing is the index of the first object that is not among the others; -1 where all are.
func firstMissing(objects, others []map[string]any) int {
	known := setOf(others)
	return slices.IndexFunc(objects, func(object map[string]any) bool { return !known[canonical(object)] })
}

func setOf(objects []map[string]any) map[string]bool {
	known := map[string]bool{}
	for _, object := range objects {
		known[canonical(object)] = true
	}
	return known
}

// canonical is the same for the same content: its keys are sorted.
func canonical(object map[string]any) string {
	text, err := json.Marshal(object)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func decoded(text []byte) any {
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		return nil
	}
	return value
}

// plainMap is an object with its numbers as those of any JSON.
func plainMap(object *unstructured.Unstructured) map[string]any {
	text, err := object.MarshalJSON()
	if err != nil {
		return nil
	}
	fields, _ := decoded(text).(map[string]any)
	return fields
}

// flatten gives the objects of a document: those of a list, one by one.
func flatten(value any) []map[string]any {
	fields, isMap := value.(map[string]any)
	if !isMap {
		return nil
	}
	kind, _ := fields["kind"].(string)
	items, isList := fields["items"].([]any)
	if strings.HasSuffix(kind, "List") && isList {
		var found []map[string]any
		for _, item := range items {
			found = append(found, flatten(item)...)
		}
		return found
	}
	version, _ := fields["apiVersion"].(string)
	if kind == "" || version == "" || strings.HasPrefix(version, "kustomize.config.k8s.io/") {
		return nil
	}
	return []map[string]any{fields}
}
