package main

import (
	"reflect"
	"slices"
	"strings"
)

// settled: in what kubectl has read of a plain text, kustomize reads nothing else, and neither finds more objects.
// kustomize makes a text of a number or a truth value where the API wants one, as written: `1e3`, `yes`, `true`.
// And both take whatever has items for a list.
func settled(documents []document) bool {
	for _, one := range documents {
		value := decoded(one.Value)
		if fields, isMap := value.(map[string]any); isMap && hidesItems(fields) || unsettled(value, "", false) {
			return false
		}
	}
	return true
}

func hidesItems(fields map[string]any) bool {
	kind, _ := fields["kind"].(string)
	_, has := fields["items"]
	return has && !strings.HasSuffix(kind, "List")
}

// notTexts are fields of which the API wants a number or a truth value, wherever they stand.
var notTexts = map[string]bool{}

func init() {
	for _, name := range strings.Fields(`
		allowPrivilegeEscalation automountServiceAccountToken averageUtilization backoffLimit completions containerPort
		defaultMode enableServiceLinks failureThreshold fsGroup hostIPC hostNetwork hostPID hostPort hostUsers immutable
		initialDelaySeconds maxReplicas minReplicas mode nodePort optional parallelism periodSeconds port privileged
		progressDeadlineSeconds readOnly readOnlyRootFilesystem replicas revisionHistoryLimit runAsGroup runAsNonRoot
		runAsUser shareProcessNamespace stdin successThreshold supplementalGroups suspend terminationGracePeriodSeconds
		timeoutSeconds tolerationSeconds tty weight cpu memory maxSurge maxUnavailable minAvailable targetPort`) {
		notTexts[name] = true
	}
}

// maps of texts, whatever their keys.
var ofTexts = []string{"labels", "annotations", "matchLabels", "nodeSelector", "data", "stringData", "selector"}

func unsettled(value any, key string, inTexts bool) bool {
	switch value := value.(type) {
	case map[string]any:
		for name, inner := range value {
			// A key that YAML 1.1 takes for something else is written out as JSON's text of it.
			if spelled(name) || unsettled(inner, name, slices.Contains(ofTexts, key)) {
				return true
			}
		}
	case []any:
		for _, item := range value {
			if unsettled(item, key, inTexts) {
				return true
			}
		}
	case bool, float64:
		return inTexts || !notTexts[key]
	case nil:
		return true
	}
	return false
}

func spelled(key string) bool {
	if key == "" || key == "true" || key == "false" || key == "null" || key == "NaN" {
		return true
	}
	first := key[0]
	return first >= '0' && first <= '9' || strings.IndexByte("+-.", first) >= 0
}

// amongButTexts: one of the others is the same, or differs only in texts that kustomize has made.
func amongButTexts(object map[string]any, others []map[string]any) bool {
	return slices.ContainsFunc(others, func(other map[string]any) bool { return sameButTexts(object, other) })
}

func sameButTexts(first, second any) bool {
	switch second := second.(type) {
	case map[string]any:
		first, isMap := first.(map[string]any)
		if !isMap || len(first) != len(second) {
			return false
		}
		for key, value := range second {
			if other, there := first[key]; !there || !sameButTexts(other, value) {
				return false
			}
		}
		return true
	case []any:
		first, isList := first.([]any)
		if !isList || len(first) != len(second) {
			return false
		}
		for at, value := range second {
			if !sameButTexts(first[at], value) {
				return false
			}
		}
		return true
	case string:
		switch first.(type) {
		case bool, float64:
			return true
		}
	}
	return reflect.DeepEqual(first, second)
}
