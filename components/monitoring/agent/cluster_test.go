package main

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/cache"
)

type fields = map[string]any

func listerOf(objects ...*unstructured.Unstructured) cache.GenericLister {
	indexer := cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc})
	for _, one := range objects {
		indexer.Add(one)
	}
	return cache.NewGenericLister(indexer, schema.GroupResource{})
}

func made(namespace, name string, spec, status fields) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: fields{
		"metadata": fields{"namespace": namespace, "name": name}, "spec": spec, "status": status,
	}}
}

func ready(status string, more fields) fields {
	all := fields{"conditions": []any{fields{"type": "Reconciling", "status": "True"}, fields{"type": "Ready", "status": status}}}
	for key, value := range more {
		all[key] = value
	}
	return all
}

func TestTheClusterFollowsGitOrItDoesNot(t *testing.T) {
	nodes := listerOf(
		made("", "control-1", nil, ready("True", nil)),
		made("", "worker-1", nil, ready("Unknown", nil)),
		made("", "worker-2", nil, fields{}),
	)
	sources := listerOf(made("flux-system", "config", nil, ready("True", fields{"artifact": fields{"revision": "main@sha1:b"}})))
	of := func(more fields) fields {
		spec := fields{"sourceRef": fields{"kind": "GitRepository", "name": "config"}}
		for key, value := range more {
			spec[key] = value
		}
		return spec
	}
	at := func(revision string) fields { return fields{"lastAppliedRevision": revision} }
	syncs := listerOf(
		made("flux-system", "as-git", of(nil), ready("True", at("main@sha1:b"))),
		made("flux-system", "looking", of(nil), ready("Unknown", at("main@sha1:b"))),
		made("flux-system", "failed", of(nil), ready("False", at("main@sha1:a"))),
		made("flux-system", "held", of(fields{"suspend": true}), ready("True", at("main@sha1:a"))),
		made("flux-system", "new", of(nil), nil),
		made("team-a", "elsewhere", fields{"sourceRef": fields{"name": "config", "namespace": "flux-system"}}, ready("True", at("main@sha1:b"))),
		made("team-a", "of-nothing", fields{"sourceRef": fields{"name": "config"}}, ready("False", nil)),
	)
	expected := `
# HELP grunnmur_node_ready Whether the cluster takes the node for ready.
# TYPE grunnmur_node_ready gauge
grunnmur_node_ready{node="control-1"} 1
grunnmur_node_ready{node="worker-1"} 0
grunnmur_node_ready{node="worker-2"} 0
# HELP grunnmur_sync_behind 1 where what was applied last is not what was read of Git last.
# TYPE grunnmur_sync_behind gauge
grunnmur_sync_behind{name="as-git",namespace="flux-system"} 0
grunnmur_sync_behind{name="elsewhere",namespace="team-a"} 0
grunnmur_sync_behind{name="failed",namespace="flux-system"} 1
grunnmur_sync_behind{name="held",namespace="flux-system"} 1
grunnmur_sync_behind{name="looking",namespace="flux-system"} 0
grunnmur_sync_behind{name="new",namespace="flux-system"} 1
grunnmur_sync_behind{name="of-nothing",namespace="team-a"} 0
# HELP grunnmur_sync_ready 0 where the last attempt failed.
# TYPE grunnmur_sync_ready gauge
grunnmur_sync_ready{kind="GitRepository",name="config",namespace="flux-system"} 1
grunnmur_sync_ready{kind="Kustomization",name="as-git",namespace="flux-system"} 1
grunnmur_sync_ready{kind="Kustomization",name="elsewhere",namespace="team-a"} 1
grunnmur_sync_ready{kind="Kustomization",name="failed",namespace="flux-system"} 0
grunnmur_sync_ready{kind="Kustomization",name="held",namespace="flux-system"} 1
grunnmur_sync_ready{kind="Kustomization",name="looking",namespace="flux-system"} 1
grunnmur_sync_ready{kind="Kustomization",name="new",namespace="flux-system"} 1
grunnmur_sync_ready{kind="Kustomization",name="of-nothing",namespace="team-a"} 0
# HELP grunnmur_sync_suspended 1 where somebody holds it up.
# TYPE grunnmur_sync_suspended gauge
grunnmur_sync_suspended{kind="GitRepository",name="config",namespace="flux-system"} 0
grunnmur_sync_suspended{kind="Kustomization",name="as-git",namespace="flux-system"} 0
grunnmur_sync_suspended{kind="Kustomization",name="elsewhere",namespace="team-a"} 0
grunnmur_sync_suspended{kind="Kustomization",name="failed",namespace="flux-system"} 0
grunnmur_sync_suspended{kind="Kustomization",name="held",namespace="flux-system"} 1
grunnmur_sync_suspended{kind="Kustomization",name="looking",namespace="flux-system"} 0
grunnmur_sync_suspended{kind="Kustomization",name="new",namespace="flux-system"} 0
grunnmur_sync_suspended{kind="Kustomization",name="of-nothing",namespace="team-a"} 0
`
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(&cluster{nodes: nodes, kustomizations: syncs, repositories: sources})
	if err := testutil.GatherAndCompare(registry, strings.NewReader(expected)); err != nil {
		t.Error(err)
	}
}
