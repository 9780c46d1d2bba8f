package main

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"
)

func told(uid, message string, count int64) *unstructured.Unstructured {
	event := &unstructured.Unstructured{Object: fields{
		"involvedObject": fields{"kind": "Kustomization", "namespace": "flux-system", "name": "apps"},
		"message":        message, "count": count,
	}}
	event.SetUID(types.UID(uid))
	return event
}

func TestDriftIsWhatIsWrittenAgainOfOneRevision(t *testing.T) {
	at := func(revision string) *unstructured.Unstructured {
		return made("flux-system", "apps", nil, fields{"lastAttemptedRevision": revision})
	}
	syncs, indexer := listerOf(at("main@sha1:a"))
	d := newDrift(syncs)
	undone := func(of object) float64 {
		return testutil.ToFloat64(d.undone.WithLabelValues(of.kind, of.namespace, of.name))
	}
	service := object{"Deployment", "production", "payment-service"}
	namespace := object{"Namespace", "", "production"}
	both := "Namespace/production configured\nDeployment/production/payment-service configured"

	// Told before the agent began.
	d.added(told("old", both, 7), true)
	d.updated(nil, told("old", both, 7))
	if undone(service) != 0 {
		t.Error("what was told before is counted")
	}
	// A release, which writes both.
	d.added(told("one", both, 1), false)
	if undone(service) != 0 || undone(namespace) != 0 {
		t.Error("a release is counted as drift")
	}
	// The same again with the same words, so that Kubernetes counts up; told of twice, it is once.
	d.updated(nil, told("one", both, 2))
	d.updated(nil, told("one", both, 2))
	d.added(told("two", "(combined from similar events): Deployment/production/payment-service created\nPod/x deleted\nand so on", 1), false)
	if undone(service) != 2 || undone(namespace) != 1 {
		t.Errorf("undone %v and %v times, expected 2 and 1", undone(service), undone(namespace))
	}
	// The next release, in the words of the one before.
	indexer.Update(at("main@sha1:b"))
	d.updated(nil, told("one", both, 3))
	if undone(service) != 2 || undone(namespace) != 1 {
		t.Error("the next release is counted as drift")
	}
	d.updated(nil, told("one", both, 4))
	if undone(service) != 3 {
		t.Error("drift after the next release is not counted")
	}
	d.deleted(told("one", both, 4))
	d.deleted(cache.DeletedFinalStateUnknown{Obj: told("two", both, 1)})
	if len(d.told) != 1 {
		t.Errorf("counts are kept of events that are gone: %v", d.told)
	}
}

func TestOfNoRevisionNothingIsCounted(t *testing.T) {
	syncs, _ := listerOf()
	d := newDrift(syncs)
	d.added(told("one", "ConfigMap/a/b configured", 1), false)
	d.updated(nil, told("one", "ConfigMap/a/b configured", 2))
	of := told("one", "ConfigMap/a/b configured", 3)
	of.Object["involvedObject"].(fields)["kind"] = "GitRepository"
	d.updated(nil, of)
	if count := testutil.CollectAndCount(d.undone); count != 0 {
		t.Errorf("%d objects are counted", count)
	}
}
