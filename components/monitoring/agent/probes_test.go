package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func certificate(t *testing.T, end time.Time, names ...string) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: end.Add(-time.Hour), NotAfter: end, DNSNames: names}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, string(text)
}

func TestTheEndIsReadOfWhatEndedAndOfWhoAsksForOne(t *testing.T) {
	end := time.Now().Add(-time.Hour).Truncate(time.Second)
	shown, _ := certificate(t, end, "other.example")
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = &tls.Config{Certificates: []tls.Certificate{shown}, ClientAuth: tls.RequireAnyClientCert}
	server.StartTLS()
	defer server.Close()
	found, err := certificateEnd(context.Background(), server.Listener.Addr().String(), "registry.example")
	if err != nil || !found.Equal(end) {
		t.Errorf("found %v, %v; expected %v", found, err, end)
	}
	server.Close()
	if _, err := certificateEnd(context.Background(), server.Listener.Addr().String(), "registry.example"); err == nil {
		t.Error("nobody answers, and no error tells so")
	}
}

func TestTheRegistryIsAskedAsANodeAsks(t *testing.T) {
	shown, ca := certificate(t, time.Now().Add(time.Hour), "registry.example")
	status := http.StatusOK
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != "registry.example" || r.URL.Path != "/v2/" || r.Header.Get("Authorization") != "Basic bm9kZTp4" {
			t.Errorf("asked %s %s with %q", r.Host, r.URL, r.Header.Get("Authorization"))
		}
		w.WriteHeader(status)
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{shown}}
	server.StartTLS()
	defer server.Close()
	address, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	file := func(name, text string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	nodes := listerOf()
	p := newProbes(options{
		registry: "registry.example", registryAddress: address,
		authorization: file("authorization", "Basic bm9kZTp4\n"), registryCA: file("ca.crt", ca),
	}, nodes)
	p.port = port
	if err := p.askRegistry(context.Background()); err != nil {
		t.Error(err)
	}
	status = http.StatusServiceUnavailable
	if err := p.askRegistry(context.Background()); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("it answered 503, and is said to: %v", err)
	}
	_, other := certificate(t, time.Now().Add(time.Hour), "registry.example")
	p.registryCA = file("ca.crt", other)
	if err := p.askRegistry(context.Background()); err == nil {
		t.Error("one that somebody else signed is believed")
	}

	// The end of what does not answer any more stays known.
	p.once(context.Background())
	if len(p.ends) != 1 {
		t.Fatalf("ends: %v", p.ends)
	}
	server.Close()
	p.once(context.Background())
	if len(p.ends) != 1 || p.answered {
		t.Errorf("ends: %v, answered: %v", p.ends, p.answered)
	}
}

func TestEachNodeShowsWhatItServes(t *testing.T) {
	node := func(name, address string, labels map[string]string) *unstructured.Unstructured {
		one := made("", name, nil, fields{"addresses": []any{
			fields{"type": "Hostname", "address": name}, fields{"type": "InternalIP", "address": address},
		}})
		one.SetLabels(labels)
		return one
	}
	nodes := listerOf(
		node("control-1", "10.0.0.11", map[string]string{"node-role.kubernetes.io/control-plane": ""}),
		node("worker-1", "10.0.0.12", nil),
		made("", "new", nil, nil),
	)
	p := newProbes(options{registry: "registry.example", registryAddress: "10.0.0.10", hosts: hosts{"pay.example"}}, nodes)
	found := p.whatShows()
	slices.SortFunc(found, func(a, b shown) int { return strings.Compare(a.at, b.at) })
	expected := []shown{
		{"registry", "10.0.0.10:443", "registry.example"},
		{"kubelet", "10.0.0.11:10250", "10.0.0.11"},
		{"etcd", "10.0.0.11:2379", "10.0.0.11"},
		{"API server", "10.0.0.11:6443", "10.0.0.11"},
		{"kubelet", "10.0.0.12:10250", "10.0.0.12"},
		{"ingress", "10.0.0.12:443", "pay.example"},
	}
	if !slices.Equal(found, expected) {
		t.Errorf("found %v", found)
	}
}
