package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"
	// The image has no folder of public authorities.
	_ "golang.org/x/crypto/x509roots/fallback"
	"k8s.io/klog/v2"
)

// Of whom certificates are asked.
type acmeOptions struct {
	// Address of the ACME server's directory; where it is empty, nobody is asked.
	directory string
	// To whom the server may write.
	contact string
	// File of those that signed the server's own certificate; public ones where it is empty.
	authorities string
}

// CertMagic gives a name up that it had no certificate for in thirty days.
const asksAnew = 31 * 24 * time.Hour

// An issuer has a certificate of the ACME server's for each name, renewed before its end. All agents have the same ones: one of
// them asks, and whichever worker the server's challenge comes to answers it.
type issuer struct {
	stored *secret
	names  []string
	config *certmagic.Config
	cache  *certmagic.Cache
	server *certmagic.ACMEIssuer
	// Is told why there is no certificate for a name.
	failed func(name string, why error)
}

// newIssuer has challenges answered by whom listens at an address of ours already.
func newIssuer(asked acmeOptions, names []string, stored *secret, listening string) (*issuer, error) {
	_, text, err := net.SplitHostPort(listening)
	if err != nil {
		return nil, err
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return nil, err
	}
	var roots *x509.CertPool
	if asked.authorities != "" {
		content, err := os.ReadFile(asked.authorities)
		if err != nil {
			return nil, err
		}
		if roots = x509.NewCertPool(); !roots.AppendCertsFromPEM(content) {
			return nil, fmt.Errorf("%s holds no certificate", asked.authorities)
		}
	}
	own := &issuer{stored: stored, names: names, failed: func(string, error) {}}
	// It would name visitors. What matters comes as an event.
	quiet := zap.NewNop()
	own.cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return own.config, nil },
		Logger:           quiet,
	})
	own.config = certmagic.New(own.cache, certmagic.Config{
		Storage: stored,
		Logger:  quiet,
		OnEvent: own.heard,
		// Who says what was revoked is no destination of the stack's.
		OCSP: certmagic.OCSPConfig{DisableStapling: true},
		// Of each start it would make two changes of the Secret.
		DisableStorageCheck: true,
	})
	own.server = certmagic.NewACMEIssuer(own.config, certmagic.ACMEIssuer{
		CA: asked.directory, Email: asked.contact, Agreed: true, TrustedRoots: roots, Logger: quiet,
		DisableTLSALPNChallenge: true, AltHTTPPort: port,
		HTTPProxy: func(*http.Request) (*url.URL, error) { return nil, nil },
	})
	own.config.Issuers = []certmagic.Issuer{own.server}
	return own, nil
}

// run asks for what is missing and for what ends soon, until the context ends.
func (i *issuer) run(ctx context.Context) error {
	if err := i.stored.watch(ctx); err != nil {
		return err
	}
	for ctx.Err() == nil {
		if err := i.config.ManageAsync(ctx, i.names); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(asksAnew):
		}
	}
	i.cache.Stop()
	// Otherwise the next one waits as long as they last.
	ending, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	certmagic.CleanUpOwnLocks(ending, zap.NewNop())
	return nil
}

// certificate finds the one for the name that a client asks for; there is none before the server gave it.
func (i *issuer) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, bool) {
	for _, one := range i.cache.AllMatchingCertificates(strings.ToLower(hello.ServerName)) {
		if time.Now().Before(one.Leaf.NotAfter) {
			return &one.Certificate, true
		}
	}
	return nil, false
}

func (i *issuer) heard(_ context.Context, event string, data map[string]any) error {
	name, _ := data["identifier"].(string)
	switch err, _ := data["error"].(error); event {
	case "cert_obtained":
		klog.Infof("the ACME server gave a certificate for %s", name)
	case "cert_failed":
		klog.Errorf("the ACME server gave no certificate for %s: %v", name, err)
		i.failed(name, err)
	}
	return nil
}
