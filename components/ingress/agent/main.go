// Command agent takes what comes from outside to the pods that Ingress objects name.
//
// A host is served for the namespaces that the stack gives it, whoever else writes an Ingress for it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
)

type options struct {
	// Namespaces that may answer for a host.
	grants map[string][]string
	// Where this listens for the two protocols, and for who asks after its health.
	http, https, health string
	// Folder of tls.crt and tls.key.
	certificate string
	// Addresses of pods; it connects to no other.
	pods netip.Prefix
	// At which the hosts answer, for the status of each Ingress.
	addresses []string
	acme      acmeOptions
}

func main() {
	var pods string
	asked := options{grants: map[string][]string{}}
	flag.Func("host", "a host and the namespaces that may answer for it, `HOST=NAMESPACE[,NAMESPACE]`; repeatable", asked.grant)
	flag.Func("address", "an `address` at which the hosts answer; repeatable", func(one string) error {
		asked.addresses = append(asked.addresses, one)
		return nil
	})
	flag.StringVar(&asked.http, "http", ":8080", "where it listens for HTTP")
	flag.StringVar(&asked.https, "https", ":8443", "where it listens for HTTPS")
	flag.StringVar(&asked.health, "health", ":9467", "where /readyz answers")
	flag.StringVar(&asked.certificate, "certificate", "/tls", "folder of tls.crt and tls.key")
	flag.StringVar(&pods, "pods", "", "addresses of pods, such as 10.244.0.0/16")
	flag.StringVar(&asked.acme.directory, "acme", "", "`address` of the directory of an ACME server, of which certificates are asked")
	flag.StringVar(&asked.acme.contact, "acme-contact", "", "to whom that server may write")
	flag.StringVar(&asked.acme.authorities, "acme-authorities", "", "`file` of those that signed that server's own certificate; public ones without it")
	klog.InitFlags(nil)
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	if asked.pods, err = netip.ParsePrefix(pods); err == nil {
		err = run(ctx, asked)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func (o *options) grant(text string) error {
	host, namespaces, found := strings.Cut(text, "=")
	if !found || host == "" || namespaces == "" {
		return errors.New("allowed is HOST=NAMESPACE[,NAMESPACE]")
	}
	o.grants[host] = strings.Split(namespaces, ",")
	return nil
}

func run(ctx context.Context, asked options) error {
	config, err := rest.InClusterConfig()
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	serving := newServer(asked, client)
	failed := make(chan error, 5)
	if asked.acme.directory != "" {
		if err := serving.issue(client); err != nil {
			return err
		}
		go func() { failed <- serving.handler.issuer.run(ctx) }()
	}
	plain, secure := serving.handler.servers(asked.http, asked.https)
	go func() { failed <- serveHealth(asked.health, serving.ready.Load) }()
	go func() { failed <- serving.run(ctx) }()
	go func() { failed <- plain.ListenAndServe() }()
	go func() { failed <- secure.ListenAndServeTLS("", "") }()
	select {
	case err := <-failed:
		// What ends because it was told to is none.
		if ctx.Err() == nil {
			return err
		}
	case <-ctx.Done():
	}
	// What is under way is brought to its end.
	ending, cancel := context.WithTimeout(context.Background(), 12*time.Second)
	defer cancel()
	return errors.Join(plain.Shutdown(ending), secure.Shutdown(ending))
}

func serveHealth(address string, ready func() bool) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !ready() {
			http.Error(w, "what to serve is not known yet", http.StatusServiceUnavailable)
		}
	})
	return http.ListenAndServe(address, mux)
}
