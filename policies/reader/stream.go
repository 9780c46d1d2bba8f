package main

import (
	"bytes"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// withStream adds what kubectl's own decoder finds in a text, and nothing else has: it changes between JSON and YAML
// within one file.
func withStream(text []byte, documents []document) ([]document, []fault) {
	var known []map[string]any
	for _, one := range documents {
		known = append(known, flatten(decoded(one.Value))...)
	}
	all := setOf(known)
	var lost []*unstructured.Unstructured
	var faults []fault
	for _, object := range streamOf(text) {
		fields := plainMap(object)
		if len(flatten(fields)) == 0 || all[canonical(fields)] {
			continue
		}
		lost = append(lost, object)
		if len(faults) == 0 && !amongButTexts(fields, known) {
			faults = append(faults, differing(fields, 0))
		}
	}
	for _, one := range unplaced(lost) {
		one.Again = len(faults) == 0
		documents = append(documents, one)
	}
	return documents, faults
}

// streamOf is what kubectl makes of a text, up to where it stops.
func streamOf(text []byte) []*unstructured.Unstructured {
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(bytes.TrimPrefix(text, mark)), 4096)
	var found []*unstructured.Unstructured
	for {
		var raw runtime.RawExtension
		if decoder.Decode(&raw) != nil {
			return found
		}
		found = append(found, objectsIn(bytes.TrimSpace(raw.Raw), 0)...)
	}
}

func objectsIn(raw []byte, depth int) []*unstructured.Unstructured {
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) || depth > maxDepth {
		return nil
	}
	object, _, err := unstructured.UnstructuredJSONScheme.Decode(raw, nil, nil)
	if err != nil {
		return nil
	}
	switch object := object.(type) {
	case *unstructured.Unstructured:
		return []*unstructured.Unstructured{object}
	case *unstructured.UnstructuredList:
		var found []*unstructured.Unstructured
		for index := range object.Items {
			text, err := object.Items[index].MarshalJSON()
			if err == nil {
				found = append(found, objectsIn(text, depth+1)...)
			}
		}
		return found
	}
	return nil
}
