package main

import (
	"context"
	"net"
	"net/netip"
	"testing"

	"sigs.k8s.io/kube-network-policies/pkg/api"
	"sigs.k8s.io/kube-network-policies/pkg/network"
)

func TestGate(t *testing.T) {
	g := newGate(netip.MustParsePrefix("10.244.12.0/24"))
	known := &api.PodInfo{}
	for name, one := range map[string]struct {
		source, destination       string
		sourcePod, destinationPod *api.PodInfo
		egress, ingress           api.Verdict
	}{
		"known pods are left to policies":       {"10.244.12.5", "10.244.12.6", known, known, api.VerdictNext, api.VerdictNext},
		"a pod that is not known asks nobody":   {"10.244.12.5", "10.244.12.6", nil, known, api.VerdictDeny, api.VerdictNext},
		"a pod that is not known is not asked":  {"10.244.12.5", "10.244.12.6", known, nil, api.VerdictNext, api.VerdictDeny},
		"who is outside is left to policies":    {"192.0.2.1", "10.244.12.6", nil, known, api.VerdictNext, api.VerdictNext},
		"pods of another node are judged there": {"10.244.11.5", "10.244.12.6", nil, known, api.VerdictNext, api.VerdictNext},
		"the node itself is no pod":             {"10.244.12.1", "10.244.12.6", nil, known, api.VerdictNext, api.VerdictNext},
	} {
		t.Run(name, func(t *testing.T) {
			packet := &network.Packet{SrcIP: net.ParseIP(one.source), DstIP: net.ParseIP(one.destination)}
			egress, _ := g.EvaluateEgress(context.Background(), packet, one.sourcePod, one.destinationPod)
			ingress, _ := g.EvaluateIngress(context.Background(), packet, one.sourcePod, one.destinationPod)
			if egress != one.egress || ingress != one.ingress {
				t.Fatalf("egress %v, ingress %v", egress, ingress)
			}
		})
	}
}

func TestEveryAddressWaits(t *testing.T) {
	all, divertAll, _ := newGate(netip.MustParsePrefix("10.244.12.0/24")).ManagedIPs(context.Background())
	if divertAll || len(all) != 254 || all[0].String() != "10.244.12.2" {
		t.Fatalf("%d addresses from %v", len(all), all[0])
	}
}

func TestPodRange(t *testing.T) {
	found, err := podRange([]byte(`{"plugins":[{"type":"bridge","ipam":{"ranges":[[{"subnet":"10.244.12.0/24"}]]}},{"type":"portmap"}]}`))
	if err != nil || found.String() != "10.244.12.0/24" {
		t.Fatal(found, err)
	}
	if _, err := podRange([]byte(`{"plugins":[]}`)); err == nil {
		t.Fatal("no range was found in nothing")
	}
}

func TestListens(t *testing.T) {
	const queues = "  100   4211     0 2   128     0     0        7  1\n 1000   4212     0 2   128     0     0        7  1\n"
	if !listens(queues, 100) || listens(queues, 10) || listens("", 100) {
		t.Fatal("not what the kernel says")
	}
}
