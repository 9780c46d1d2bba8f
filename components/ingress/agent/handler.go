package main

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// A handler takes requests to the pods that its routes lead to. Routes and pods change while connections go on.
type handler struct {
	dialer
	routes  atomic.Pointer[map[string][]route]
	plain   httputil.ReverseProxy
	h2c     httputil.ReverseProxy
	current atomic.Pointer[tls.Certificate]
	// Has certificates besides the current one; nil where nobody is asked for any.
	issuer *issuer
}

type leading struct{}

func newHandler() *handler {
	h := &handler{}
	h.plain = h.proxy(nil)
	h.h2c = h.proxy(func(p *http.Protocols) { p.SetUnencryptedHTTP2(true) })
	return h
}

func (h *handler) proxy(protocols func(*http.Protocols)) httputil.ReverseProxy {
	transport := &http.Transport{
		DialContext:           h.dial,
		MaxIdleConnsPerHost:   64,
		IdleConnTimeout:       time.Minute,
		ExpectContinueTimeout: time.Second,
		DisableCompression:    true,
	}
	if protocols != nil {
		transport.Protocols = new(http.Protocols)
		protocols(transport.Protocols)
	}
	return httputil.ReverseProxy{
		Transport: transport,
		// What the client said of who asked is gone by then.
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme = "http"
			r.Out.URL.Host = r.In.Context().Value(leading{}).(port).host()
			r.Out.URL.RawQuery = r.In.URL.RawQuery
			r.Out.Host = r.In.Host
			r.SetXForwarded()
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			status := http.StatusBadGateway
			if errors.Is(err, errNobody) {
				status = http.StatusServiceUnavailable
			}
			http.Error(w, http.StatusText(status), status)
		},
		ErrorLog: nobody,
	}
}

// It would name visitors.
var nobody = log.New(io.Discard, "", 0)

// serve takes routes in the order in which they are to be asked.
func (h *handler) serve(routes []route) {
	hosts := map[string][]route{}
	for _, one := range routes {
		hosts[one.host] = append(hosts[one.host], one)
	}
	h.routes.Store(&hosts)
}

// of finds the routes of a request's host. Where an exact one is known, no wildcard answers in its place.
func (h *handler) of(r *http.Request) ([]route, bool) {
	hosts := h.routes.Load()
	if hosts == nil {
		return nil, false
	}
	name := r.Host
	if host, _, err := net.SplitHostPort(name); err == nil {
		name = host
	}
	name = strings.ToLower(name)
	if found, exact := (*hosts)[name]; exact {
		return found, true
	}
	_, parent, _ := strings.Cut(name, ".")
	found, covered := (*hosts)["*."+parent]
	return found, covered
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	routes, _ := h.of(r)
	at := slices.IndexFunc(routes, func(one route) bool { return one.holds(r.URL.Path) })
	if at < 0 {
		http.Error(w, "nothing is served here", http.StatusNotFound)
		return
	}
	to := routes[at]
	asked := r.WithContext(context.WithValue(r.Context(), leading{}, to.to))
	if to.h2c {
		h.h2c.ServeHTTP(w, asked)
		return
	}
	h.plain.ServeHTTP(w, asked)
}

// holds tells whether a path is this one or, by whole elements, below it.
func (r route) holds(asked string) bool {
	clean := path.Clean("/" + asked)
	if r.exact {
		if strings.HasSuffix(asked, "/") && clean != "/" {
			clean += "/"
		}
		return clean == r.path
	}
	return r.path == "/" || clean == r.path || strings.HasPrefix(clean, r.path+"/")
}

// toSecure sends who comes without TLS to the same place with it, but for an ACME server that looks whether a name is ours.
func (h *handler) toSecure(w http.ResponseWriter, r *http.Request) {
	if h.issuer != nil && h.issuer.server.HandleHTTPChallenge(w, r) {
		return
	}
	if _, known := h.of(r); !known {
		http.Error(w, "nothing is served here", http.StatusNotFound)
		return
	}
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	http.Redirect(w, r, "https://"+host+r.URL.RequestURI(), http.StatusPermanentRedirect)
}

// trust reads the certificate anew. The last one that could be read stays.
func (h *handler) trust(folder string) error {
	read := func(name string) []byte {
		content, _ := os.ReadFile(filepath.Join(folder, name))
		return content
	}
	certificate, err := tls.X509KeyPair(read("tls.crt"), read("tls.key"))
	if err == nil {
		h.current.Store(&certificate)
	}
	return err
}

// servers are one for each door.
func (h *handler) servers(plain, secure string) (*http.Server, *http.Server) {
	server := func(address string, handler http.Handler) *http.Server {
		return &http.Server{
			Addr: address, Handler: handler, ErrorLog: nobody,
			ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		}
	}
	withTLS := server(secure, h)
	withTLS.TLSConfig = &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			if h.issuer != nil {
				if found, there := h.issuer.certificate(hello); there {
					return found, nil
				}
			}
			if found := h.current.Load(); found != nil {
				return found, nil
			}
			return nil, errors.New("there is no certificate yet")
		},
	}
	return server(plain, http.HandlerFunc(h.toSecure)), withTLS
}
