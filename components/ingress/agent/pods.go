package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	core "k8s.io/api/core/v1"
	discovery "k8s.io/api/discovery/v1"
)

// A port of a service, by the name that its EndpointSlices give it, which may be empty.
type port struct{ namespace, service, name string }

// Addresses of ready pods.
type endpoints map[port][]string

// By whom Kubernetes' own controller marks the slices that it keeps. It takes away what another brings under its name.
const madeBy = "endpointslice-controller.k8s.io"

// endpointsOf reads the slices that Kubernetes itself makes of services that select their pods: anybody who may write in a
// namespace may write another slice there, which leads wherever he likes.
func endpointsOf(slices []*discovery.EndpointSlice, selects func(namespace, name string) bool, within netip.Prefix) endpoints {
	table := endpoints{}
	for _, slice := range slices {
		service := slice.Labels[discovery.LabelServiceName]
		if slice.Labels[discovery.LabelManagedBy] != madeBy || !selects(slice.Namespace, service) {
			continue
		}
		for _, each := range slice.Ports {
			if each.Port == nil || each.Protocol != nil && *each.Protocol != core.ProtocolTCP {
				continue
			}
			key := port{namespace: slice.Namespace, service: service}
			if each.Name != nil {
				key.name = *each.Name
			}
			for _, endpoint := range slice.Endpoints {
				if ready := endpoint.Conditions.Ready; ready != nil && !*ready {
					continue
				}
				for _, text := range endpoint.Addresses {
					if address, err := netip.ParseAddr(text); err != nil || !within.Contains(address) {
						continue
					}
					table[key] = append(table[key], net.JoinHostPort(text, strconv.Itoa(int(*each.Port))))
				}
			}
		}
	}
	return table
}

const (
	// A pod of a node that is lost does not answer at all. The next is tried, and this one asked last for a while.
	dialing = 3 * time.Second
	shunned = 10 * time.Second
)

var errNobody = errors.New("no pod is ready")

// A dialer connects to any of a port's ready pods.
type dialer struct {
	ready  atomic.Pointer[endpoints]
	failed sync.Map // when, by address
}

// host is how a port stands in a URL: by it connections that wait for their next request are told apart.
func (p port) host() string {
	return fmt.Sprintf("%s.%s.%s", p.name, p.service, p.namespace)
}

func (d *dialer) dial(ctx context.Context, network, host string) (net.Conn, error) {
	parts := strings.SplitN(strings.TrimSuffix(host, ":80"), ".", 3)
	table := d.ready.Load()
	if len(parts) != 3 || table == nil {
		return nil, errNobody
	}
	err := errNobody
	for _, address := range d.inOrder((*table)[port{name: parts[0], service: parts[1], namespace: parts[2]}]) {
		var connection net.Conn
		if connection, err = (&net.Dialer{Timeout: dialing}).DialContext(ctx, network, address); err == nil {
			d.failed.Delete(address)
			return connection, nil
		}
		if ctx.Err() != nil {
			break
		}
		d.failed.Store(address, time.Now())
	}
	return nil, err
}

// inOrder is by chance, those last that failed a moment ago.
func (d *dialer) inOrder(addresses []string) []string {
	order := slices.Clone(addresses)
	rand.Shuffle(len(order), func(a, b int) { order[a], order[b] = order[b], order[a] })
	slices.SortStableFunc(order, func(a, b string) int { return number(d.isShunned(a)) - number(d.isShunned(b)) })
	return order
}

func (d *dialer) isShunned(address string) bool {
	when, found := d.failed.Load(address)
	return found && time.Since(when.(time.Time)) < shunned
}
