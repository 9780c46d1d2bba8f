package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// What is taken of all that etcd tells.
var ofEtcd = regexp.MustCompile(`^(# (HELP|TYPE) )?etcd_(disk_(wal_fsync|backend_commit)_duration_seconds|` +
	`server_(has_leader|leader_changes_seen_total|quota_backend_bytes)|mvcc_db_total_size_in(_use_in)?_bytes)`)

// handOn writes what etcd tells on its node's loopback, where no pod of the pods' network gets to it, into a file that
// node_exporter reads. Without an answer there is no file.
func handOn(ctx context.Context, from, to string, every time.Duration) error {
	defer os.Remove(to)
	for ctx.Err() == nil {
		if err := handOnOnce(ctx, from, to); err != nil {
			log.Printf("etcd: %v", err)
			if err := os.Remove(to); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(every):
		}
	}
	return nil
}

func handOnOnce(ctx context.Context, from, to string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", from, response.Status)
	}
	text, err := linesOfEtcd(response.Body)
	if err != nil {
		return err
	}
	// Whole, or as it was.
	next, err := os.CreateTemp(filepath.Dir(to), ".etcd-*")
	if err != nil {
		return err
	}
	defer os.Remove(next.Name())
	if _, err := next.Write(text); err != nil {
		return err
	}
	if err := errors.Join(next.Chmod(0o644), next.Close()); err != nil {
		return err
	}
	return os.Rename(next.Name(), to)
}

func linesOfEtcd(from io.Reader) ([]byte, error) {
	var kept bytes.Buffer
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		if ofEtcd.Match(lines.Bytes()) {
			kept.Write(lines.Bytes())
			kept.WriteByte('\n')
		}
	}
	return kept.Bytes(), lines.Err()
}
