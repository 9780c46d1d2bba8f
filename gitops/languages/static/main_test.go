package main

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func get(t *testing.T, method, path string) *httptest.ResponseRecorder {
	t.Helper()
	recorder := httptest.NewRecorder()
	routes().ServeHTTP(recorder, httptest.NewRequest(method, path, nil))
	return recorder
}

func TestHealthzIsOK(t *testing.T) {
	got := get(t, http.MethodGet, "/healthz")
	if got.Code != http.StatusOK || strings.TrimSpace(got.Body.String()) != "ok" {
		t.Errorf("got %d %q", got.Code, got.Body)
	}
}

func TestVersionNamesTheCommit(t *testing.T) {
	version = "0123abc"
	t.Cleanup(func() { version = "development" })
	var answer map[string]string
	if err := json.Unmarshal(get(t, http.MethodGet, "/version").Body.Bytes(), &answer); err != nil {
		t.Fatal(err)
	}
	if answer["service"] != "payment-service" || answer["version"] != "0123abc" {
		t.Errorf("got %v", answer)
	}
}

func TestOtherPathsAndMethodsAreRefused(t *testing.T) {
	for _, c := range []struct {
		method, path string
		want         int
	}{
		{http.MethodGet, "/", http.StatusOK},
		{http.MethodGet, "/nothing", http.StatusNotFound},
		{http.MethodGet, "/../main.go", http.StatusTemporaryRedirect},
		{http.MethodPost, "/healthz", http.StatusMethodNotAllowed},
	} {
		if got := get(t, c.method, c.path).Code; got != c.want {
			t.Errorf("%s %s: got %d, want %d", c.method, c.path, got, c.want)
		}
	}
}

func TestADirectoryWithoutAnIndexIsNotListed(t *testing.T) {
	pages := unlisted{fstest.MapFS{"index.html": {}, "img/a.png": {}, "docs/index.html": {}}}
	for name, there := range map[string]bool{".": true, "docs": true, "img": false, "img/a.png": true, "none": false} {
		if file, err := pages.Open(name); (err == nil) != there {
			t.Errorf("%s: got %v %v", name, file, err)
		}
	}
}

func TestRunStopsWithoutErrorWhenAskedTo(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	stopped := make(chan error, 1)
	go func() { stopped <- run(ctx, "127.0.0.1:0") }()
	stop()
	select {
	case err := <-stopped:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(2 * drainTime):
		t.Error("still running")
	}
}

func TestRunTellsWhenItsAddressIsTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if err := run(context.Background(), taken.Addr().String()); err == nil {
		t.Error("no error")
	}
}
