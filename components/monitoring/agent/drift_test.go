package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	v1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
)

var began = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// logged is a line of the agent's log, as many seconds after the beginning.
func logged(seconds int, revision, service, namespace string) string {
	return fmt.Sprintf(`%s {"level":"info","ts":"2026-11-30T12:00:00.000Z","msg":"server-side apply completed","controller":"kustomization",`+
		`"Kustomization":{"name":"apps","namespace":"flux-system"},"namespace":"flux-system","name":"apps",`+
		`"output":{"Deployment/production/payment-service":%q,"Namespace/production":%q},"revision":%q}`,
		began.Add(time.Duration(seconds)*time.Second+time.Millisecond).Format(time.RFC3339Nano), service, namespace, revision)
}

func (d *drift) times(labels ...string) float64 {
	return testutil.ToFloat64(d.undone.WithLabelValues(labels...))
}

func TestDriftIsWhatIsWrittenAgainOfOneRevision(t *testing.T) {
	d := newDrift(began)
	for _, step := range []struct {
		what, line         string
		service, namespace float64
	}{
		{"what was written before", logged(-1, "main@sha1:a", "configured", "configured"), 0, 0},
		{"a release, which writes both", logged(1, "main@sha1:a", "created", "configured"), 0, 0},
		{"a look that finds nothing", logged(2, "main@sha1:a", "unchanged", "skipped"), 0, 0},
		{"both again", logged(3, "main@sha1:a", "configured", "created"), 1, 1},
		{"the same line again", logged(3, "main@sha1:a", "configured", "created"), 1, 1},
		{"one once more", logged(4, "main@sha1:a", "configured", "unchanged"), 2, 1},
		{"the next release", logged(5, "main@sha1:b", "configured", "configured"), 2, 1},
		{"drift after it", logged(6, "main@sha1:b", "unchanged", "configured"), 2, 2},
		{"of no revision", logged(7, "", "configured", "configured"), 2, 2},
		{"something else", "2026-11-30T12:00:08.5Z Reconciliation finished", 2, 2},
		{"no time", `{"msg":"server-side apply completed"}`, 2, 2},
	} {
		d.take([]byte(step.line))
		service, namespace := d.times("Deployment", "production", "payment-service"), d.times("Namespace", "", "production")
		if service != step.service || namespace != step.namespace {
			t.Errorf("%s: undone %v and %v times, expected %v and %v", step.what, service, namespace, step.service, step.namespace)
		}
	}
}

func TestTheLogIsGoneOnWithWhereItEnded(t *testing.T) {
	pod := func(name, phase, created string) string {
		return fmt.Sprintf(`{"metadata":{"name":%q,"creationTimestamp":%q},"status":{"phase":%q}}`, name, created, phase)
	}
	pods := []string{
		pod("old", "Running", "2026-11-30T11:00:00Z"),
		pod("ended", "Succeeded", "2026-11-30T11:30:00Z"),
	}
	var asked []string
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("content-type", "application/json")
		if r.URL.Path == "/api/v1/namespaces/flux-system/pods" && r.URL.Query().Get("labelSelector") == "app=kustomize-controller" {
			items := pods[0] + "," + pods[1]
			if len(asked) > 1 {
				items += "," + pod("new", "Running", "2026-11-30T12:00:00Z")
			}
			fmt.Fprintf(w, `{"kind":"PodList","apiVersion":"v1","items":[%s]}`, items)
			return
		}
		asked = append(asked, r.URL.Path[len("/api/v1/namespaces/flux-system/pods/"):]+" "+r.URL.Query().Get("sinceTime"))
		switch len(asked) {
		case 1:
			w.WriteHeader(http.StatusInternalServerError)
		case 2:
			io.WriteString(w, logged(1, "main@sha1:a", "created", "created")+"\n"+logged(2, "main@sha1:a", "configured", "unchanged")+"\n")
		case 3:
			io.WriteString(w, logged(2, "main@sha1:a", "configured", "unchanged")+"\n"+logged(3, "main@sha1:a", "configured", "unchanged")+"\n")
		default:
			stop()
		}
	}))
	defer server.Close()
	client, err := v1.NewForConfig(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	d := newDrift(began)
	d.follow(ctx, client.Pods("flux-system"), time.Millisecond)
	expected := []string{"old/log 2026-11-30T12:00:00Z", "old/log 2026-11-30T12:00:00Z", "new/log 2026-11-30T12:00:02Z", "new/log 2026-11-30T12:00:03Z"}
	if !slices.Equal(asked, expected) {
		t.Errorf("asked for %v, expected %v", asked, expected)
	}
	if undone := d.times("Deployment", "production", "payment-service"); undone != 2 {
		t.Errorf("undone %v times, expected 2", undone)
	}
}
