package main

import (
	"context"
	"net"
	"net/netip"

	"sigs.k8s.io/kube-network-policies/pkg/api"
	"sigs.k8s.io/kube-network-policies/pkg/network"
)

// gate refuses what comes from or goes to an address of this node's pods of which the cluster has not said yet whose it
// is: the policies of that pod are not known. It has the connections of every such address wait for a verdict, also of
// those that no policy selects, so that none passes in the moment before the rules follow a pod.
type gate struct {
	local netip.Prefix
	// node is the node's own address among its pods, which no pod has.
	node netip.Addr
}

var _ api.PolicyEvaluator = &gate{}

func newGate(local netip.Prefix) *gate {
	return &gate{local: local, node: local.Masked().Addr().Next()}
}

func (g *gate) Name() string                            { return "gate" }
func (g *gate) Ready() bool                             { return true }
func (g *gate) SetDataplaneSyncCallback(_ api.SyncFunc) {}

func (g *gate) EvaluateIngress(_ context.Context, p *network.Packet, _, destination *api.PodInfo) (api.Verdict, error) {
	return g.judge(p.DstIP, destination), nil
}

func (g *gate) EvaluateEgress(_ context.Context, p *network.Packet, source, _ *api.PodInfo) (api.Verdict, error) {
	return g.judge(p.SrcIP, source), nil
}

func (g *gate) judge(ip net.IP, pod *api.PodInfo) api.Verdict {
	address, ok := netip.AddrFromSlice(ip)
	address = address.Unmap()
	if !ok || (pod == nil && address != g.node && g.local.Contains(address)) {
		return api.VerdictDeny
	}
	return api.VerdictNext
}

func (g *gate) ManagedIPs(_ context.Context) ([]netip.Addr, bool, error) {
	var all []netip.Addr
	for address := g.node.Next(); g.local.Contains(address); address = address.Next() {
		all = append(all, address)
	}
	return all, false, nil
}
