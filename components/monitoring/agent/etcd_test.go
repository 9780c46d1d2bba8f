package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"
)

const toldByEtcd = `# HELP etcd_disk_wal_fsync_duration_seconds The latency distributions of fsync called by WAL.
# TYPE etcd_disk_wal_fsync_duration_seconds histogram
etcd_disk_wal_fsync_duration_seconds_bucket{le="0.001"} 7
# TYPE etcd_debugging_mvcc_keys_total gauge
etcd_debugging_mvcc_keys_total 512
# TYPE go_goroutines gauge
go_goroutines 80
etcd_server_has_leader 1
etcd_mvcc_db_total_size_in_bytes 4.096e+06
`

const handedOn = `# HELP etcd_disk_wal_fsync_duration_seconds The latency distributions of fsync called by WAL.
# TYPE etcd_disk_wal_fsync_duration_seconds histogram
etcd_disk_wal_fsync_duration_seconds_bucket{le="0.001"} 7
etcd_server_has_leader 1
etcd_mvcc_db_total_size_in_bytes 4.096e+06
`

func TestWhatEtcdTellsIsHandedOnAsLongAsItTells(t *testing.T) {
	asked := make(chan struct{})
	answers := true
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked <- struct{}{}
		if !answers {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.Write([]byte(toldByEtcd))
	}))
	defer server.Close()
	to := filepath.Join(t.TempDir(), "etcd.prom")
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- handOn(ctx, server.URL, to, time.Millisecond) }()

	<-asked
	<-asked // the first is written by then
	if text, err := os.ReadFile(to); err != nil || string(text) != handedOn {
		t.Errorf("%v: %s", err, text)
	}
	answers = false
	<-asked
	<-asked
	<-asked
	if _, err := os.Stat(to); !os.IsNotExist(err) {
		t.Error("what etcd told last is still there, as if it told it now")
	}
	answers = true
	<-asked
	<-asked
	<-asked
	stop()
	for open := true; open; {
		select {
		case <-asked:
		case <-ended:
			open = false
		}
	}
	if left, err := os.ReadDir(filepath.Dir(to)); err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}
