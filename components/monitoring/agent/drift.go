package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	v1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/klog/v2"
)

// A drift counts what the agent wrote again though Git had not changed. At each look it logs what it did to each object, and of
// which revision. Its events have that, too, but client-go lets through one in five minutes of each object that they are about,
// after the first 25, and each look has one.
type drift struct {
	undone *prometheus.CounterVec
	// Revision at which each object was last written.
	written map[string]string
	// Of the last line that was read.
	last time.Time
}

// newDrift counts from a time on: of which revision objects were written before is not known.
func newDrift(since time.Time) *drift {
	return &drift{
		undone: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "grunnmur_drift_undone_total",
			Help: "How often the agent wrote an object a second time and more of one revision of Git.",
		}, []string{"kind", "namespace", "name"}),
		written: map[string]string{},
		last:    since,
	}
}

const (
	// Of the agent's pod, as Flux' own manifests have it.
	agentLabel, agentContainer = "app=kustomize-controller", "manager"
	// The list of what the agent has applied lies in one object, which etcd lets have 1.5 MiB: this has the same names.
	longestLine = 4 << 20
)

// follow reads what the agent logs until ctx ends: of the next pod where one ends, and after a pause where nobody answers.
func (d *drift) follow(ctx context.Context, pods v1.PodInterface, pause time.Duration) {
	for ctx.Err() == nil {
		if err := d.read(ctx, pods); err != nil && ctx.Err() == nil {
			klog.Warningf("What the agent logs cannot be read, so drift is not counted: %v. Tried again in %v", err, pause)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

func (d *drift) read(ctx context.Context, pods v1.PodInterface) error {
	found, err := pods.List(ctx, meta.ListOptions{LabelSelector: agentLabel})
	if err != nil {
		return err
	}
	name := newestRunning(found.Items)
	if name == "" {
		return nil
	}
	// In whole seconds, so that some lines come again.
	since := meta.NewTime(d.last)
	options := &core.PodLogOptions{Container: agentContainer, Follow: true, Timestamps: true, SinceTime: &since}
	log, err := pods.GetLogs(name, options).Stream(ctx)
	if err != nil {
		return err
	}
	defer log.Close()
	lines := bufio.NewScanner(log)
	lines.Buffer(nil, longestLine)
	for lines.Scan() {
		d.take(lines.Bytes())
	}
	return lines.Err()
}

func newestRunning(pods []core.Pod) string {
	var name string
	var created time.Time
	for _, pod := range pods {
		if at := pod.CreationTimestamp.Time; pod.Status.Phase == core.PodRunning && (name == "" || at.After(created)) {
			name, created = pod.Name, at
		}
	}
	return name
}

// An applied is a line of the agent's log, as kustomize-controller writes it after each look.
type applied struct {
	Message       string `json:"msg"`
	Kustomization struct{ Namespace, Name string }
	// Such as `Deployment/production/payment-service`: `configured`.
	Output   map[string]string
	Revision string
}

// take reads a line that begins with the time at which it was written.
func (d *drift) take(line []byte) {
	stamp, text, _ := bytes.Cut(line, []byte(" "))
	at, err := time.Parse(time.RFC3339Nano, string(stamp))
	if err != nil || !at.After(d.last) {
		return
	}
	d.last = at
	var look applied
	if json.Unmarshal(text, &look) != nil || look.Message != "server-side apply completed" || look.Revision == "" {
		return
	}
	for name, action := range look.Output {
		if action != "created" && action != "configured" {
			continue
		}
		key := strings.Join([]string{look.Kustomization.Namespace, look.Kustomization.Name, name}, "/")
		if d.written[key] == look.Revision {
			d.undone.WithLabelValues(parts(name)...).Inc()
		}
		d.written[key] = look.Revision
	}
}

// parts are kind, namespace and name; what stands in no namespace has none.
func parts(name string) []string {
	kind, rest, _ := strings.Cut(name, "/")
	namespace, own, found := strings.Cut(rest, "/")
	if !found {
		return []string{kind, "", rest}
	}
	return []string{kind, namespace, own}
}
