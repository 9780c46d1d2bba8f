package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/tools/cache"
)

var (
	registryUp      = describe("grunnmur_registry_up", "Whether the registry let the nodes' account in at the last look.")
	certificateEnds = describe("grunnmur_certificate_ends_seconds", "When the certificate ends that is shown there, in Unix time.", "of", "at")
)

// What shows a certificate: `of` says what it is.
type shown struct{ of, at, name string }

type probes struct {
	options
	nodes cache.GenericLister
	// Of the registry.
	port string

	mu       sync.Mutex
	looked   bool
	answered bool
	// Of what did not answer, the last that was seen.
	ends map[shown]time.Time
}

func newProbes(o options, nodes cache.GenericLister) *probes {
	return &probes{options: o, nodes: nodes, port: "443", ends: map[shown]time.Time{}}
}

func (p *probes) Describe(to chan<- *prometheus.Desc) {
	to <- registryUp
	to <- certificateEnds
}

func (p *probes) Collect(to chan<- prometheus.Metric) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.looked {
		to <- prometheus.MustNewConstMetric(registryUp, prometheus.GaugeValue, number(p.answered))
	}
	for one, end := range p.ends {
		to <- prometheus.MustNewConstMetric(certificateEnds, prometheus.GaugeValue, float64(end.Unix()), one.of, one.at+one.suffix())
	}
}

func (s shown) suffix() string {
	if s.of == "ingress" {
		return " " + s.name
	}
	return ""
}

// look goes on until the context ends.
func (p *probes) look(ctx context.Context) {
	for {
		p.once(ctx)
		select {
		case <-ctx.Done():
			return
		case <-time.After(p.every):
		}
	}
}

func (p *probes) once(ctx context.Context) {
	err := p.askRegistry(ctx)
	if err != nil {
		log.Printf("the registry: %v", err)
	}
	there := p.whatShows()
	ends := map[shown]time.Time{}
	for _, one := range there {
		end, err := certificateEnd(ctx, one.at, one.name)
		if err != nil {
			log.Printf("the certificate of %s: %v", one.of, err)
			continue
		}
		ends[one] = end
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, one := range there {
		if last, known := p.ends[one]; known && ends[one].IsZero() {
			ends[one] = last
		}
	}
	p.looked, p.answered, p.ends = true, err == nil, ends
}

// whatShows is what each node shows, the registry, and each worker for each name.
func (p *probes) whatShows() []shown {
	found := []shown{{of: "registry", at: net.JoinHostPort(p.registryAddress, p.port), name: p.registry}}
	for _, node := range all(p.nodes) {
		address := internalAddress(node)
		if address == "" {
			continue
		}
		at := func(port string) string { return net.JoinHostPort(address, port) }
		found = append(found, shown{of: "kubelet", at: at("10250"), name: address})
		if _, controls := node.GetLabels()["node-role.kubernetes.io/control-plane"]; controls {
			found = append(found, shown{of: "API server", at: at("6443"), name: address}, shown{of: "etcd", at: at("2379"), name: address})
			continue
		}
		for _, host := range p.hosts {
			found = append(found, shown{of: "ingress", at: at("443"), name: host})
		}
	}
	return found
}

func internalAddress(node *unstructured.Unstructured) string {
	addresses, _, _ := unstructured.NestedSlice(node.Object, "status", "addresses")
	for _, one := range addresses {
		if address, ok := one.(map[string]any); ok && address["type"] == "InternalIP" {
			found, _ := address["address"].(string)
			return found
		}
	}
	return ""
}

const patience = 20 * time.Second

// certificateEnd reads when the certificate ends that somebody shows. Nothing is sent there, so nobody is believed: one that
// ended already, or that an unknown authority signed, is read like any other. Who asks for a certificate of the client has
// shown his own by then.
func certificateEnd(ctx context.Context, at, name string) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var end time.Time
	config := &tls.Config{
		ServerName:         name,
		InsecureSkipVerify: true,
		VerifyConnection: func(state tls.ConnectionState) error {
			end = state.PeerCertificates[0].NotAfter
			return nil
		},
	}
	connection, err := (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", at)
	if err == nil {
		connection.Close()
	}
	if end.IsZero() && err == nil {
		err = errors.New("none is shown")
	}
	if !end.IsZero() {
		return end, nil
	}
	return end, err
}

// askRegistry asks as a node does before it pulls. What it is asked with is read each time: it is rotated.
func (p *probes) askRegistry(ctx context.Context) error {
	authorization, err := os.ReadFile(p.authorization)
	if err != nil {
		return err
	}
	pem, err := os.ReadFile(p.registryCA)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return fmt.Errorf("%s holds no certificate", p.registryCA)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+p.registry+"/v2/", nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", string(bytes.TrimSpace(authorization)))
	client := http.Client{Transport: &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: roots},
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort(p.registryAddress, p.port))
		},
	}}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("it answered %s", response.Status)
	}
	return nil
}
