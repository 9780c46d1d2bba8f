// Command agent measures what no exporter of the field does: whether the cluster follows Git, what drift was undone, whether
// the registry answers, and when the certificates end that it and the nodes show. On a control plane it hands on, instead, what
// etcd tells there.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	corev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
)

var (
	nodes          = schema.GroupVersionResource{Version: "v1", Resource: "nodes"}
	kustomizations = schema.GroupVersionResource{Group: "kustomize.toolkit.fluxcd.io", Version: "v1", Resource: "kustomizations"}
	repositories   = schema.GroupVersionResource{Group: "source.toolkit.fluxcd.io", Version: "v1", Resource: "gitrepositories"}
)

type options struct {
	listen, registry, registryAddress, authorization, registryCA, namespace string
	hosts                                                                   hosts
	every                                                                   time.Duration
	// Given, nothing else is done.
	etcdTo string
}

type hosts []string

func (h *hosts) String() string { return strings.Join(*h, " ") }

func (h *hosts) Set(name string) error {
	*h = append(*h, name)
	return nil
}

func main() {
	var o options
	flag.StringVar(&o.listen, "listen", ":9468", "where /metrics and /readyz answer")
	flag.StringVar(&o.registry, "registry", "", "name of the registry")
	flag.StringVar(&o.registryAddress, "registry-address", "", "where it is; pods know no name of it")
	flag.StringVar(&o.authorization, "registry-authorization", "/registry/authorization", "file with what it is asked with")
	flag.StringVar(&o.registryCA, "registry-ca", "/registry/ca.crt", "file with the authority that signed its certificate")
	flag.StringVar(&o.namespace, "sync-namespace", "flux-system", "where the agent that follows Git tells what it did")
	flag.Var(&o.hosts, "ingress-host", "a name at which the workers answer; may be given more than once")
	flag.DurationVar(&o.every, "every", time.Minute, "time from one look at what answers to the next")
	flag.StringVar(&o.etcdTo, "etcd-to", "", "file into which to hand on what etcd tells, and nothing else")
	klog.InitFlags(nil)
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	if o.etcdTo != "" {
		return handOn(ctx, "http://127.0.0.1:2381/metrics", o.etcdTo, o.every)
	}
	if o.registry == "" || o.registryAddress == "" {
		return errors.New("--registry and --registry-address are both needed: the name of the registry, and where it is")
	}
	config, err := rest.InClusterConfig()
	if err != nil {
		return err
	}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	pods, err := corev1.NewForConfig(config)
	if err != nil {
		return err
	}
	everywhere := dynamicinformer.NewDynamicSharedInformerFactory(client, 0)
	cluster := &cluster{
		nodes:          everywhere.ForResource(nodes).Lister(),
		kustomizations: everywhere.ForResource(kustomizations).Lister(),
		repositories:   everywhere.ForResource(repositories).Lister(),
	}
	probes := newProbes(o, cluster.nodes)
	drift := newDrift(time.Now())

	registry := prometheus.NewRegistry()
	registry.MustRegister(cluster, drift.undone, probes, collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	everywhere.Start(ctx.Done())
	for resource, synced := range everywhere.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return fmt.Errorf("%s were not read before the end", resource.Resource)
		}
	}
	go probes.look(ctx)
	go drift.follow(ctx, pods.Pods(o.namespace), 5*time.Second)

	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /readyz", func(http.ResponseWriter, *http.Request) {})
	server := &http.Server{Addr: o.listen, Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return nil
	}
}
