// Command agent enforces network policies on a node: kube-network-policies, with a gate before it.
//
// A connection of a pod waits in a netfilter queue for its verdict. Rules of the node's own (pods.nft) send it there from
// the node's first moment, so that nothing passes before the agent runs or while it starts anew.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"github.com/google/nftables"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	"sigs.k8s.io/kube-network-policies/pkg/api"
	"sigs.k8s.io/kube-network-policies/pkg/dataplane"
	"sigs.k8s.io/kube-network-policies/pkg/networkpolicy"
	"sigs.k8s.io/kube-network-policies/pkg/podinfo"
)

const table = "kube-network-policies"

type options struct {
	node, networks, health string
	queue                  int
}

func main() {
	var o options
	flag.StringVar(&o.node, "node", "", "name of this node")
	flag.StringVar(&o.networks, "networks", "/etc/cni/net.d/10-pods.conflist", "file that has the range of this node's pods")
	flag.StringVar(&o.health, "health", "127.0.0.1:9465", "where /readyz answers")
	flag.IntVar(&o.queue, "queue", 100, "netfilter queue in which connections wait")
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
	if o.node == "" {
		return errors.New("--node is missing: the name of this node")
	}
	text, err := os.ReadFile(o.networks)
	if err != nil {
		return err
	}
	local, err := podRange(text)
	if err != nil {
		return fmt.Errorf("%s: %w", o.networks, err)
	}
	config, err := rest.InClusterConfig()
	if err != nil {
		return err
	}
	config.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	config.ContentType = "application/vnd.kubernetes.protobuf"
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}

	factory := informers.NewSharedInformerFactory(client, 0)
	namespaces, policies, pods := factory.Core().V1().Namespaces(), factory.Networking().V1().NetworkPolicies(), factory.Core().V1().Pods()
	// Every pod of the cluster is held in memory.
	err = pods.Informer().SetTransform(func(object any) (any, error) {
		if accessor, err := meta.Accessor(object); err == nil {
			accessor.SetManagedFields(nil)
		}
		return object, nil
	})
	if err != nil {
		return err
	}
	resolver, err := podinfo.NewInformerResolver(pods.Informer())
	if err != nil {
		return err
	}
	provider := podinfo.NewInformerProvider(pods, namespaces, nil, []podinfo.IPResolver{resolver})
	engine := networkpolicy.NewPolicyEngine(provider, []api.PolicyEvaluator{
		newGate(local),
		networkpolicy.NewStandardNetworkPolicy(o.node, namespaces, pods, policies),
	})
	controller, err := dataplane.NewController(engine, dataplane.Config{
		FailOpen: false, QueueID: o.queue, NFTableName: table, StrictMode: true,
	})
	if err != nil {
		return err
	}

	failed := make(chan error, 2)
	// Not ctx: it would take its rules away when it ends, and what was refused would pass until the next one runs.
	forever := context.Background()
	factory.Start(forever.Done())
	go func() { failed <- controller.Run(forever) }()
	go func() { failed <- serveHealth(o.health, func() error { return inForce(engine, o.queue) }) }()
	select {
	case err := <-failed:
		return fmt.Errorf("network policies are not enforced any more: %w", err)
	case <-ctx.Done():
		return nil
	}
}

// podRange reads the range of this node's pods from the configuration of their network.
func podRange(conflist []byte) (netip.Prefix, error) {
	var network struct {
		Plugins []struct {
			IPAM struct {
				Ranges [][]struct {
					Subnet netip.Prefix `json:"subnet"`
				} `json:"ranges"`
			} `json:"ipam"`
		} `json:"plugins"`
	}
	if err := json.Unmarshal(conflist, &network); err != nil {
		return netip.Prefix{}, err
	}
	for _, plugin := range network.Plugins {
		for _, set := range plugin.IPAM.Ranges {
			for _, one := range set {
				return one.Subnet.Masked(), nil
			}
		}
	}
	return netip.Prefix{}, errors.New("no plugin has a range of addresses")
}

// inForce tells whether verdicts are really given: the library logs an error of nftables and goes on.
func inForce(engine *networkpolicy.PolicyEngine, queue int) error {
	if !engine.Ready() {
		return errors.New("the cluster's policies are not known yet")
	}
	listeners, err := os.ReadFile("/proc/net/netfilter/nfnetlink_queue")
	if err != nil {
		return err
	}
	if !listens(string(listeners), queue) {
		return fmt.Errorf("nobody listens to queue %d", queue)
	}
	netfilter, err := nftables.New()
	if err != nil {
		return err
	}
	chains, err := netfilter.ListChainsOfTableFamily(nftables.TableFamilyINet)
	if err != nil {
		return err
	}
	for _, chain := range chains {
		if chain.Table.Name == table {
			return nil
		}
	}
	return fmt.Errorf("nftables has no chain of table %s", table)
}

// listens reads what the kernel tells of queues: a line for each, which begins with its number.
func listens(queues string, queue int) bool {
	for line := range strings.Lines(queues) {
		if fields := strings.Fields(line); len(fields) > 0 && fields[0] == strconv.Itoa(queue) {
			return true
		}
	}
	return false
}

func serveHealth(address string, check func() error) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if err := check(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	})
	return http.ListenAndServe(address, mux)
}
