package main

import (
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/tools/cache"
)

var (
	nodeReady     = describe("grunnmur_node_ready", "Whether the cluster takes the node for ready.", "node")
	syncReady     = describe("grunnmur_sync_ready", "0 where the last attempt failed.", "kind", "namespace", "name")
	syncBehind    = describe("grunnmur_sync_behind", "1 where what was applied last is not what was read of Git last.", "namespace", "name")
	syncSuspended = describe("grunnmur_sync_suspended", "1 where somebody holds it up.", "kind", "namespace", "name")
)

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

// A cluster is measured when it is asked for, from copies that are kept up to date.
type cluster struct {
	nodes, kustomizations, repositories cache.GenericLister
}

func (c *cluster) Describe(to chan<- *prometheus.Desc) {
	for _, one := range []*prometheus.Desc{nodeReady, syncReady, syncBehind, syncSuspended} {
		to <- one
	}
}

func (c *cluster) Collect(to chan<- prometheus.Metric) {
	tell := func(of *prometheus.Desc, value bool, labels ...string) {
		to <- prometheus.MustNewConstMetric(of, prometheus.GaugeValue, number(value), labels...)
	}
	for _, node := range all(c.nodes) {
		tell(nodeReady, readiness(node) == "True", node.GetName())
	}
	read := map[string]string{}
	for _, source := range all(c.repositories) {
		key := source.GetNamespace() + "/" + source.GetName()
		read[key], _, _ = unstructured.NestedString(source.Object, "status", "artifact", "revision")
		tell(syncReady, readiness(source) != "False", "GitRepository", source.GetNamespace(), source.GetName())
		tell(syncSuspended, suspended(source), "GitRepository", source.GetNamespace(), source.GetName())
	}
	for _, sync := range all(c.kustomizations) {
		namespace, name := sync.GetNamespace(), sync.GetName()
		// Each look for drift says Unknown for as long as it takes.
		tell(syncReady, readiness(sync) != "False", "Kustomization", namespace, name)
		tell(syncSuspended, suspended(sync), "Kustomization", namespace, name)
		from, _, _ := unstructured.NestedString(sync.Object, "spec", "sourceRef", "namespace")
		if from == "" {
			from = namespace
		}
		source, _, _ := unstructured.NestedString(sync.Object, "spec", "sourceRef", "name")
		applied, _, _ := unstructured.NestedString(sync.Object, "status", "lastAppliedRevision")
		newest := read[from+"/"+source]
		tell(syncBehind, newest != "" && newest != applied, namespace, name)
	}
}

func all(of cache.GenericLister) []*unstructured.Unstructured {
	found, _ := of.List(labels.Everything())
	list := make([]*unstructured.Unstructured, 0, len(found))
	for _, one := range found {
		if object, ok := one.(*unstructured.Unstructured); ok {
			list = append(list, object)
		}
	}
	return list
}

// readiness is the status of the condition Ready: True, False, Unknown, or nothing.
func readiness(of *unstructured.Unstructured) string {
	conditions, _, _ := unstructured.NestedSlice(of.Object, "status", "conditions")
	for _, one := range conditions {
		if condition, ok := one.(map[string]any); ok && condition["type"] == "Ready" {
			status, _ := condition["status"].(string)
			return status
		}
	}
	return ""
}

func suspended(of *unstructured.Unstructured) bool {
	found, _, _ := unstructured.NestedBool(of.Object, "spec", "suspend")
	return found
}

func number(of bool) float64 {
	if of {
		return 1
	}
	return 0
}
