package main

import (
	"regexp"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/tools/cache"
)

// A drift counts what the agent wrote again though Git had not changed. It tells what it wrote in an event, with a line for each
// object, which Kubernetes counts up where the next one has the same words.
type drift struct {
	undone         *prometheus.CounterVec
	kustomizations cache.GenericLister

	mu sync.Mutex
	// Revision at which each object was last written.
	written map[string]string
	// How often each event was told.
	told map[string]int64
}

func newDrift(kustomizations cache.GenericLister) *drift {
	return &drift{
		undone: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "grunnmur_drift_undone_total",
			Help: "How often the agent wrote an object a second time and more of one revision of Git.",
		}, []string{"kind", "namespace", "name"}),
		kustomizations: kustomizations,
		written:        map[string]string{},
		told:           map[string]int64{},
	}
}

func (d *drift) added(object any, first bool) {
	event, ok := object.(*unstructured.Unstructured)
	if !ok {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if first {
		// Of which revision it was is not known any more.
		d.told[string(event.GetUID())] = timesTold(event)
		return
	}
	d.take(event)
}

func (d *drift) updated(_, object any) {
	event, ok := object.(*unstructured.Unstructured)
	if !ok {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if timesTold(event) > d.told[string(event.GetUID())] {
		d.take(event)
	}
}

// deleted keeps no count of what Kubernetes itself has forgotten, which is every event an hour later.
func (d *drift) deleted(object any) {
	if last, missed := object.(cache.DeletedFinalStateUnknown); missed {
		object = last.Obj
	}
	if event, ok := object.(*unstructured.Unstructured); ok {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.told, string(event.GetUID()))
	}
}

func (d *drift) take(event *unstructured.Unstructured) {
	d.told[string(event.GetUID())] = timesTold(event)
	kind, _, _ := unstructured.NestedString(event.Object, "involvedObject", "kind")
	namespace, _, _ := unstructured.NestedString(event.Object, "involvedObject", "namespace")
	name, _, _ := unstructured.NestedString(event.Object, "involvedObject", "name")
	message, _, _ := unstructured.NestedString(event.Object, "message")
	if kind != "Kustomization" {
		return
	}
	revision := d.revision(namespace, name)
	for _, object := range writtenIn(message) {
		key := strings.Join([]string{namespace, name, object.kind, object.namespace, object.name}, "/")
		if revision != "" && d.written[key] == revision {
			d.undone.WithLabelValues(object.kind, object.namespace, object.name).Inc()
		}
		d.written[key] = revision
	}
}

// revision is what the agent is at: the event has the first one that it was told of.
func (d *drift) revision(namespace, name string) string {
	found, err := d.kustomizations.ByNamespace(namespace).Get(name)
	if err != nil {
		return ""
	}
	revision, _, _ := unstructured.NestedString(found.(*unstructured.Unstructured).Object, "status", "lastAttemptedRevision")
	return revision
}

type object struct{ kind, namespace, name string }

var line = regexp.MustCompile(`^([A-Z][A-Za-z0-9]*)/(?:([^/\s]+)/)?([^/\s]+) (created|configured)$`)

// writtenIn reads lines such as `Deployment/production/payment-service configured`.
func writtenIn(message string) []object {
	var found []object
	for text := range strings.Lines(strings.TrimPrefix(message, "(combined from similar events): ")) {
		if of := line.FindStringSubmatch(strings.TrimSpace(text)); of != nil {
			found = append(found, object{kind: of[1], namespace: of[2], name: of[3]})
		}
	}
	return found
}

func timesTold(event *unstructured.Unstructured) int64 {
	count, _, _ := unstructured.NestedInt64(event.Object, "count")
	return count
}
