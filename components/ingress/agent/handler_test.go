package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var web = port{"shop", "web", "http"}

// doors opens both doors of a handler that serves these.
func doors(t *testing.T, h *handler, routes ...route) (plain, secure string) {
	t.Helper()
	if err := h.trust(certificate(t)); err != nil {
		t.Fatal(err)
	}
	h.serve(routes)
	one, other := h.servers("127.0.0.1:0", "127.0.0.1:0")
	var at [2]string
	for index, server := range []*http.Server{one, other} {
		listener, err := net.Listen("tcp", server.Addr)
		if err != nil {
			t.Fatal(err)
		}
		at[index] = listener.Addr().String()
		if index == 0 {
			go server.Serve(listener)
		} else {
			go server.ServeTLS(listener, "", "")
		}
		t.Cleanup(func() { server.Close() })
	}
	return at[0], at[1]
}

func podOf(t *testing.T, handle http.HandlerFunc) string {
	t.Helper()
	pod := httptest.NewUnstartedServer(handle)
	pod.Config.Protocols = new(http.Protocols)
	pod.Config.Protocols.SetHTTP1(true)
	pod.Config.Protocols.SetUnencryptedHTTP2(true)
	pod.Start()
	t.Cleanup(pod.Close)
	return pod.Listener.Addr().String()
}

func TestAHostAndItsPathsAreServed(t *testing.T) {
	h := newHandler()
	// The first of the two is a pod that is gone.
	h.dialer.ready.Store(&endpoints{web: {gone(t), podOf(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Proto, " ", r.Host, r.URL, " ", r.Header.Get("X-Forwarded-For"), " ", r.Header.Get("X-Forwarded-Proto"), r.Header.Get("Forwarded"))
	})}})
	plain, secure := doors(t, h,
		route{host: "shop.example.no", path: "/grpc", to: web, h2c: true},
		route{host: "shop.example.no", path: "/a", to: web},
		route{host: "shop.example.no", path: "/none", to: port{}},
		route{host: "*.apps.example.no", path: "/", to: web},
		route{host: "www.apps.example.no", path: "/only", to: web},
	)
	for _, each := range []struct {
		url    string
		status int
		body   string
	}{
		{"https://shop.example.no/a/b?c=d;e", 200, "HTTP/1.1 shop.example.no/a/b?c=d;e 127.0.0.1 https"},
		{"https://shop.example.no/grpc/x", 200, "HTTP/2.0 shop.example.no/grpc/x 127.0.0.1 https"},
		{"https://SHOP.example.no:443/a", 200, ""},
		{"https://shop.example.no/b", 404, "nothing is served here\n"},
		{"https://shop.example.no/none", 503, "Service Unavailable\n"},
		{"https://any.apps.example.no/", 200, ""},
		{"https://any.deeper.apps.example.no/", 404, ""},
		{"https://apps.example.no/", 404, ""},
		// What has a name of its own is not its wildcard's.
		{"https://www.apps.example.no/", 404, ""},
		{"https://bank.example.no/a", 404, ""},
		{"http://shop.example.no/a?b", 308, ""},
		{"http://bank.example.no/a", 404, ""},
	} {
		status, body, location := ask(t, plain, secure, each.url)
		if status != each.status || each.body != "" && body != each.body {
			t.Errorf("%s: %d %q", each.url, status, body)
		}
		if status == 308 && location != "https://shop.example.no/a?b" {
			t.Error(location)
		}
	}
}

func TestAStreamGoesOnWhileRoutesChange(t *testing.T) {
	h := newHandler()
	h.dialer.ready.Store(&endpoints{web: {podOf(t, func(w http.ResponseWriter, r *http.Request) {
		connection, both, _ := w.(http.Hijacker).Hijack()
		defer connection.Close()
		fmt.Fprint(both, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		both.Flush()
		io.Copy(connection, both)
	})}})
	_, secure := doors(t, h, route{host: "shop.example.no", path: "/", to: web})
	connection, err := tls.Dial("tcp", secure, &tls.Config{InsecureSkipVerify: true, ServerName: "shop.example.no"})
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	fmt.Fprint(connection, "GET / HTTP/1.1\r\nHost: shop.example.no\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	read := bufio.NewReader(connection)
	if response, err := http.ReadResponse(read, nil); err != nil || response.StatusCode != 101 {
		t.Fatal(response, err)
	}
	h.serve(nil)
	h.dialer.ready.Store(&endpoints{})
	fmt.Fprintln(connection, "still here")
	if line, err := read.ReadString('\n'); line != "still here\n" {
		t.Error(line, err)
	}
}

func TestAPodThatDoesNotAnswerIsAskedLastForAWhile(t *testing.T) {
	var d dialer
	bad, good := gone(t), podOf(t, func(http.ResponseWriter, *http.Request) {})
	d.ready.Store(&endpoints{web: {bad, good}})
	for range 20 {
		connection, err := d.dial(context.Background(), "tcp", web.host()+":80")
		if err != nil {
			t.Fatal(err)
		}
		connection.Close()
	}
	if order := d.inOrder([]string{bad, good}); order[0] != good {
		t.Error("the pod that is gone is asked first")
	}
	d.failed.Store(bad, time.Now().Add(-shunned))
	if d.isShunned(bad) {
		t.Error("it is never asked again")
	}
}

func TestACertificateThatCannotBeReadChangesNothing(t *testing.T) {
	h := newHandler()
	folder := certificate(t)
	if err := h.trust(folder); err != nil {
		t.Fatal(err)
	}
	before := h.current.Load()
	if err := os.WriteFile(filepath.Join(folder, "tls.key"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := h.trust(folder); err == nil || h.current.Load() != before {
		t.Error("half a certificate was taken", err)
	}
}

func ask(t *testing.T, plain, secure, url string) (status int, body, location string) {
	t.Helper()
	client := http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
			ForceAttemptHTTP2: true,
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				to := plain
				if strings.HasSuffix(address, ":443") {
					to = secure
				}
				return (&net.Dialer{}).DialContext(ctx, network, to)
			},
		},
	}
	request, err := http.NewRequest("GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, forged := range map[string]string{"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "forged", "Forwarded": "for=forged"} {
		request.Header.Set(name, forged)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	read, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(read), response.Header.Get("Location")
}

// gone is an address at which nobody listens any more.
func gone(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func certificate(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"shop.example.no", "*.apps.example.no"},
	}
	made, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	own, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for name, block := range map[string]*pem.Block{
		"tls.crt": {Type: "CERTIFICATE", Bytes: made}, "tls.key": {Type: "EC PRIVATE KEY", Bytes: own},
	} {
		if err := os.WriteFile(filepath.Join(folder, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}
