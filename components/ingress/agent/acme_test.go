package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/letsencrypt/challtestsrv"
	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	kubetesting "k8s.io/client-go/testing"
)

// cluster has the Secret as the program makes it, and refuses an update of an older one as an API server does: the fake takes all.
func cluster() *fake.Clientset {
	client := fake.NewClientset(&core.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: secretName, ResourceVersion: "1"}})
	var mutex sync.Mutex
	version := 1
	client.PrependReactor("update", "secrets", func(action kubetesting.Action) (bool, runtime.Object, error) {
		mutex.Lock()
		defer mutex.Unlock()
		asked := action.(kubetesting.UpdateAction).GetObject().(*core.Secret).DeepCopy()
		if asked.ResourceVersion != fmt.Sprint(version) {
			return true, nil, apierrors.NewConflict(core.Resource("secrets"), secretName, errors.New("it is older"))
		}
		version++
		asked.ResourceVersion = fmt.Sprint(version)
		return true, asked, client.Tracker().Update(core.SchemeGroupVersion.WithResource("secrets"), asked, namespace)
	})
	return client
}

func agentOf(t *testing.T, client *fake.Clientset, holder string) *secret {
	t.Helper()
	stored := &secret{client: client, holder: holder}
	if err := stored.watch(t.Context()); err != nil {
		t.Fatal(err)
	}
	return stored
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsStoredIsThereForAllAgents(t *testing.T) {
	client := cluster()
	one, other := agentOf(t, client, "one"), agentOf(t, client, "other")
	ctx := t.Context()
	for _, key := range []string{"acme/ca/users/kari@example.no/kari.json", "certificates/ca/a/a.crt", "certificates/ca/a/a.key"} {
		must(t, one.Store(ctx, key, []byte(key)))
		found, err := one.Load(ctx, key)
		if err != nil || string(found) != key {
			t.Fatalf("%s: %q %v", key, found, err)
		}
	}
	eventually(t, func() bool { _, err := other.Load(ctx, "certificates/ca/a/a.key"); return err == nil })
	for _, each := range []struct {
		folder    string
		recursive bool
		found     []string
	}{
		{"certificates/ca", false, []string{"certificates/ca/a"}},
		{"certificates", true, []string{"certificates/ca/a/a.crt", "certificates/ca/a/a.key"}},
		{"certificates/ca/a", false, []string{"certificates/ca/a/a.crt", "certificates/ca/a/a.key"}},
		{"", false, []string{"acme", "certificates"}},
	} {
		if found, err := one.List(ctx, each.folder, each.recursive); err != nil || !reflect.DeepEqual(found, each.found) {
			t.Error(each.folder, found, err)
		}
	}
	if _, err := one.List(ctx, "cert", true); !errors.Is(err, fs.ErrNotExist) {
		t.Error("half a name is no folder", err)
	}
	if info, err := one.Stat(ctx, "certificates/ca"); err != nil || info.IsTerminal || !one.Exists(ctx, "certificates/ca") {
		t.Error(info, err)
	}
	if info, err := one.Stat(ctx, "certificates/ca/a/a.crt"); err != nil || !info.IsTerminal || info.Size != 23 {
		t.Error(info, err)
	}
	must(t, one.Delete(ctx, "certificates/ca/a"))
	must(t, one.Delete(ctx, "certificates/ca/a"))
	if one.Exists(ctx, "certificates") || !one.Exists(ctx, "acme/ca/users/kari@example.no") {
		t.Error(one.entries())
	}
}

func TestTwoThatStoreAtOnceLoseNothing(t *testing.T) {
	client := cluster()
	one, other := agentOf(t, client, "one"), agentOf(t, client, "other")
	var both sync.WaitGroup
	for holder, stored := range map[string]*secret{"one": one, "other": other} {
		both.Go(func() {
			for index := range 10 {
				if err := stored.Store(t.Context(), fmt.Sprint(holder, "/", index), nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
	both.Wait()
	eventually(t, func() bool { return len(one.entries()) == 20 && len(other.entries()) == 20 })
}

func TestAnOlderSecretIsNotSeenAfterANewerOne(t *testing.T) {
	at := func(version, uid string) *core.Secret {
		return &core.Secret{ObjectMeta: metav1.ObjectMeta{ResourceVersion: version, UID: "one"}, StringData: map[string]string{"": uid}}
	}
	stored := &secret{}
	for _, version := range []string{"9", "10", "8"} {
		stored.see(at(version, ""))
	}
	if found := stored.last.Load().ResourceVersion; found != "10" {
		t.Error(found)
	}
	// One that was made anew counts from somewhere else.
	anew := at("2", "")
	anew.UID = "other"
	if stored.see(anew); stored.last.Load() != anew {
		t.Error("the older one stays")
	}
}

func TestALockIsOneAgentsUntilItEnds(t *testing.T) {
	client := cluster()
	one, other := agentOf(t, client, "one"), agentOf(t, client, "other")
	ctx := t.Context()
	must(t, one.Lock(ctx, "issue"))
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	if err := other.Lock(short, "issue"); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal("both have it", err)
	}
	if err := other.RenewLockLease(ctx, "issue", time.Hour); err == nil {
		t.Fatal("it prolonged another's")
	}
	must(t, other.Unlock(ctx, "issue"))
	must(t, one.RenewLockLease(ctx, "issue", time.Millisecond))
	eventually(t, func() bool { return !other.taken(other.last.Load().Data, "issue") })
	time.Sleep(5 * time.Millisecond)
	// The first ended without a word.
	must(t, other.Lock(ctx, "issue"))
	must(t, one.Unlock(ctx, "issue"))
	if len(other.entries()) != 1 {
		t.Error("it gave back another's", other.entries())
	}
	must(t, other.Unlock(ctx, "issue"))
	must(t, one.Lock(ctx, "issue"))
}

func TestAnACMEServersCertificateIsServedByEveryAgent(t *testing.T) {
	hosts := []string{"shop.example.no", "bank.example.no"}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	asked, roots := acmeServer(t, listener, "bank.example.no")
	client := cluster()
	var agents []*issuer
	failed := make(chan string, 9)
	for _, holder := range []string{"one", "other"} {
		own, err := newIssuer(asked, hosts, &secret{client: client, holder: holder}, listener.Addr().String())
		must(t, err)
		own.failed = func(name string, why error) { failed <- name + ": " + why.Error() }
		agents = append(agents, own)
	}
	// The other one is where the server's challenges come to; the first one asks.
	handlers := []*handler{newHandler(), newHandler()}
	var secure []string
	for index, h := range handlers {
		h.issuer = agents[index]
		_, at := doors(t, h, route{host: hosts[0], path: "/", to: web})
		secure = append(secure, at)
	}
	go http.Serve(listener, http.HandlerFunc(handlers[1].toSecure))
	if signed(shown(t, secure[0], hosts[0]), roots, hosts[0]) {
		t.Fatal("nobody was asked yet")
	}
	must(t, agents[1].stored.watch(t.Context()))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 2)
	go func() { ended <- agents[0].run(ctx) }()
	eventually(t, func() bool { return signed(shown(t, secure[0], hosts[0]), roots, hosts[0]) })
	// It has one already, and asks for none.
	go func() { ended <- agents[1].run(ctx) }()
	eventually(t, func() bool { return signed(shown(t, secure[1], hosts[0]), roots, hosts[0]) })
	if one, other := shown(t, secure[0], hosts[0]), shown(t, secure[1], hosts[0]); one.SerialNumber.Cmp(other.SerialNumber) != 0 {
		t.Error("each asked for one of its own")
	}
	// What the server refuses is told, and served with what there is.
	if why := <-failed; !strings.HasPrefix(why, "bank.example.no: ") || !strings.Contains(why, "rejectedIdentifier") {
		t.Error(why)
	}
	if signed(shown(t, secure[0], hosts[1]), roots, hosts[1]) {
		t.Error("it was refused")
	}
	stop()
	must(t, errors.Join(<-ended, <-ended))
	for key := range agents[0].stored.entries() {
		if strings.HasPrefix(key, "locks/") || strings.Contains(key, "challenge_tokens") {
			t.Error("it was left: ", key)
		}
	}
	// Nothing of it is anybody's who asks.
	response := httptest.NewRecorder()
	handlers[0].toSecure(response, httptest.NewRequest("GET", "http://shop.example.no/.well-known/acme-challenge/x", nil))
	if response.Code != http.StatusPermanentRedirect {
		t.Error(response.Code)
	}
}

// acmeServer is Let's Encrypt's own one for tests, whose challenges come to a listener of ours, whatever the name.
func acmeServer(t *testing.T, to net.Listener, refuses string) (acmeOptions, *x509.CertPool) {
	t.Helper()
	t.Setenv("PEBBLE_VA_NOSLEEP", "1")
	t.Setenv("PEBBLE_WFE_NONCEREJECT", "0")
	quiet := log.New(io.Discard, "", 0)
	dns := freePort(t)
	names, err := challtestsrv.New(challtestsrv.Config{DNSAddrs: []string{dns}, Log: quiet})
	must(t, err)
	names.SetDefaultDNSIPv4("127.0.0.1")
	names.SetDefaultDNSIPv6("")
	go names.Run()
	t.Cleanup(names.Shutdown)
	store := db.NewMemoryStore()
	must(t, store.AddBlockedDomain(refuses))
	authority := ca.New(quiet, store, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {}})
	looks := va.New(quiet, to.Addr().(*net.TCPAddr).Port, 0, true, dns, store)
	front := wfe.New(quiet, store, looks, authority, []string{"pebble"}, true, false, 0, 0)
	server := httptest.NewTLSServer(front.Handler())
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "ca.pem")
	must(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
	roots := x509.NewCertPool()
	roots.AddCert(authority.GetRootCert(0).Cert)
	return acmeOptions{directory: server.URL + wfe.DirectoryPath, contact: "kari@example.no", authorities: file}, roots
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

// shown is the chain's first that a client gets to see.
func shown(t *testing.T, at, name string) *x509.Certificate {
	t.Helper()
	connection, err := tls.Dial("tcp", at, &tls.Config{ServerName: name, InsecureSkipVerify: true})
	must(t, err)
	defer connection.Close()
	all := connection.ConnectionState().PeerCertificates
	chains[all[0]] = all[1:]
	return all[0]
}

var chains = map[*x509.Certificate][]*x509.Certificate{}

func signed(one *x509.Certificate, roots *x509.CertPool, name string) bool {
	between := x509.NewCertPool()
	for _, each := range chains[one] {
		between.AddCert(each)
	}
	_, err := one.Verify(x509.VerifyOptions{DNSName: name, Roots: roots, Intermediates: between})
	return err == nil
}

func eventually(t *testing.T, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not come to be")
		}
	}
}
