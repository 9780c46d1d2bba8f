package main

import (
	"path/filepath"
	"strings"

	"github.com/fluxcd/pkg/envsubst"
	"github.com/fluxcd/pkg/kustomize"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/yaml"
)

const (
	originAnnotation  = "config.kubernetes.io/origin"
	changedAnnotation = "alpha.config.kubernetes.io/transformations"
)

type origin struct {
	Path         string `json:"path"`
	ConfiguredIn string `json:"configuredIn"`
}

func objectOf(from *source, one root, resource *resource.Resource) (built, error) {
	annotations := resource.GetAnnotations()
	var written origin
	var changes []origin
	_ = yaml.Unmarshal([]byte(annotations[originAnnotation]), &written)
	_ = yaml.Unmarshal([]byte(annotations[changedAnnotation]), &changes)
	delete(annotations, originAnnotation)
	delete(annotations, changedAnnotation)
	if err := resource.SetAnnotations(annotations); err != nil {
		return built{}, err
	}
	text, err := resource.AsYAML()
	if err != nil {
		return built{}, err
	}
	if text, err = substituted(text, resource, one.Flux); err != nil {
		return built{}, err
	}
	encoded, err := yaml.YAMLToJSON(text)
	if err != nil {
		return built{}, err
	}
	relative := func(path string) string {
		if path == "" {
			return ""
		}
		name, err := filepath.Rel(from.root, filepath.Join(one.Directory, path))
		if err != nil {
			return ""
		}
		return name
	}
	object := built{Object: encoded, Origin: relative(written.Path)}
	for _, change := range changes {
		if name := relative(change.ConfiguredIn); name != "" {
			object.Changed = append(object.Changed, name)
		}
	}
	return object, nil
}

// unknownValue stands for what the agent takes from the cluster.
const unknownValue = "\ue000from-the-cluster\ue001"

const substituteAnnotation = "kustomize.toolkit.fluxcd.io/substitute"

// substituted fills in the variables of a Flux Kustomization, as kustomize-controller does: a variable without a value
// is empty, unless it may have one in the cluster.
func substituted(text []byte, resource *resource.Resource, flux map[string]any) ([]byte, error) {
	values, _, err := unstructured.NestedStringMap(flux, "spec", "postBuild", "substitute")
	if err != nil {
		return nil, err
	}
	cluster, _, err := unstructured.NestedSlice(flux, "spec", "postBuild", "substituteFrom")
	if err != nil {
		return nil, err
	}
	if len(values) == 0 && len(cluster) == 0 {
		return text, nil
	}
	disabled := kustomize.DisabledValue
	if resource.GetLabels()[substituteAnnotation] == disabled || resource.GetAnnotations()[substituteAnnotation] == disabled {
		return text, nil
	}
	filled, err := envsubst.Eval(string(text), func(name string) (string, bool) {
		if value, known := values[name]; known {
			return strings.ReplaceAll(value, "\n", ""), true
		}
		if len(cluster) > 0 {
			return unknownValue, true
		}
		return "", true
	})
	return []byte(filled), err
}
