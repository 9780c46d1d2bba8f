package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/caddyserver/certmagic"
	core "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/retry"
	"k8s.io/klog/v2"
)

// What the agents of all workers have from the ACME server: accounts, certificates with their keys, and open challenges.
const secretName = "ingress-acme"

const (
	// A lock whose holder ended without a word.
	lockLasts = 10 * time.Minute
	lockAsks  = 2 * time.Second
)

// A secret keeps what certmagic stores, in one Secret that the program made. What it holds is watched, so that nobody from
// outside has a request of his cost one to the API server.
type secret struct {
	client kubernetes.Interface
	// Who holds a lock: this pod.
	holder string
	last   atomic.Pointer[core.Secret]
}

// An entry is one key of certmagic's with its value. Names of keys are paths, which a Secret's may not be.
type entry struct {
	Key      string    `json:"key"`
	Value    []byte    `json:"value"`
	Modified time.Time `json:"modified"`
	// Of a lock.
	Until time.Time `json:"until,omitzero"`
}

var (
	_ certmagic.Storage          = (*secret)(nil)
	_ certmagic.LockLeaseRenewer = (*secret)(nil)
)

func entryName(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// watch follows the Secret until the context ends, and returns once it was seen.
func (s *secret) watch(ctx context.Context) error {
	factory := informers.NewSharedInformerFactoryWithOptions(s.client, 0, informers.WithNamespace(namespace),
		// More than this one it may not see.
		informers.WithTweakListOptions(func(asked *metav1.ListOptions) {
			asked.FieldSelector = fields.OneTermEqualSelector("metadata.name", secretName).String()
		}))
	informer := factory.Core().V1().Secrets().Informer()
	if _, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(one any) { s.see(one.(*core.Secret)) },
		UpdateFunc: func(_, one any) { s.see(one.(*core.Secret)) },
	}); err != nil {
		return err
	}
	factory.Start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		return ctx.Err()
	}
	return nil
}

// see keeps the newest: what this wrote may come back from the watch after what another wrote was seen.
func (s *secret) see(one *core.Secret) {
	for {
		last := s.last.Load()
		if last != nil && last.UID == one.UID {
			if order, err := resourceversion.CompareResourceVersion(one.ResourceVersion, last.ResourceVersion); err == nil && order < 0 {
				return
			}
		}
		if s.last.CompareAndSwap(last, one) {
			return
		}
	}
}

func (s *secret) entries() map[string]entry {
	found := map[string]entry{}
	last := s.last.Load()
	if last == nil {
		return found
	}
	for _, text := range last.Data {
		var one entry
		if err := json.Unmarshal(text, &one); err == nil {
			found[one.Key] = one
		}
	}
	return found
}

func (s *secret) entry(key string) (entry, error) {
	if last := s.last.Load(); last != nil {
		var one entry
		if text, there := last.Data[entryName(key)]; there {
			return one, json.Unmarshal(text, &one)
		}
	}
	return entry{}, fs.ErrNotExist
}

// change reads, changes and writes, again where another was first. Nothing is written where the change says so.
func (s *secret) change(ctx context.Context, with func(data map[string][]byte) bool) error {
	at := s.client.CoreV1().Secrets(namespace)
	return retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		found, err := at.Get(ctx, secretName, metav1.GetOptions{})
		if err != nil {
			return err
		}
		s.see(found)
		changed := found.DeepCopy()
		if changed.Data == nil {
			changed.Data = map[string][]byte{}
		}
		if !with(changed.Data) {
			return nil
		}
		written, err := at.Update(ctx, changed, metav1.UpdateOptions{})
		if err == nil {
			s.see(written)
		}
		return err
	})
}

func put(data map[string][]byte, one entry) {
	one.Modified = time.Now().UTC()
	text, err := json.Marshal(one)
	if err != nil {
		klog.Error(err)
		return
	}
	data[entryName(one.Key)] = text
}

func (s *secret) Store(ctx context.Context, key string, value []byte) error {
	return s.change(ctx, func(data map[string][]byte) bool {
		put(data, entry{Key: key, Value: value})
		return true
	})
}

func (s *secret) Load(_ context.Context, key string) ([]byte, error) {
	one, err := s.entry(key)
	return one.Value, err
}

func within(folder, key string) bool { return folder == "" || strings.HasPrefix(key, folder+"/") }

func (s *secret) Delete(ctx context.Context, key string) error {
	return s.change(ctx, func(data map[string][]byte) bool {
		before := len(data)
		for name, text := range data {
			var one entry
			if json.Unmarshal(text, &one) == nil && (one.Key == key || within(key, one.Key)) {
				delete(data, name)
			}
		}
		return len(data) < before
	})
}

func (s *secret) Exists(_ context.Context, key string) bool {
	if _, err := s.entry(key); err == nil {
		return true
	}
	for other := range s.entries() {
		if within(key, other) {
			return true
		}
	}
	return false
}

func (s *secret) List(_ context.Context, folder string, recursive bool) ([]string, error) {
	found := map[string]bool{}
	for key := range s.entries() {
		if !within(folder, key) {
			continue
		}
		rest := strings.TrimPrefix(strings.TrimPrefix(key, folder), "/")
		if first, _, deeper := strings.Cut(rest, "/"); deeper && !recursive {
			key = strings.TrimSuffix(key, rest) + first
		}
		found[key] = true
	}
	if len(found) == 0 {
		return nil, fs.ErrNotExist
	}
	keys := make([]string, 0, len(found))
	for key := range found {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys, nil
}

func (s *secret) Stat(ctx context.Context, key string) (certmagic.KeyInfo, error) {
	if one, err := s.entry(key); err == nil {
		return certmagic.KeyInfo{Key: key, Modified: one.Modified, Size: int64(len(one.Value)), IsTerminal: true}, nil
	}
	if s.Exists(ctx, key) {
		return certmagic.KeyInfo{Key: key}, nil
	}
	return certmagic.KeyInfo{}, fs.ErrNotExist
}

func lockOf(name string) string { return "locks/" + name }

// taken tells whether another has the lock.
func (s *secret) taken(data map[string][]byte, name string) bool {
	var other entry
	text, there := data[entryName(lockOf(name))]
	return there && json.Unmarshal(text, &other) == nil && string(other.Value) != s.holder && time.Now().Before(other.Until)
}

// hold writes the lock where nobody else has it.
func (s *secret) hold(ctx context.Context, name string, lasts time.Duration) (bool, error) {
	held := false
	err := s.change(ctx, func(data map[string][]byte) bool {
		if held = !s.taken(data, name); held {
			put(data, entry{Key: lockOf(name), Value: []byte(s.holder), Until: time.Now().Add(lasts).UTC()})
		}
		return held
	})
	return held && err == nil, err
}

func (s *secret) Lock(ctx context.Context, name string) error {
	for {
		// The other may wait for hours until it asks again: what is seen costs the API server nothing.
		if last := s.last.Load(); last == nil || !s.taken(last.Data, name) {
			held, err := s.hold(ctx, name, lockLasts)
			if held || err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(lockAsks):
		}
	}
}

func (s *secret) Unlock(ctx context.Context, name string) error {
	return s.change(ctx, func(data map[string][]byte) bool {
		var own entry
		key := entryName(lockOf(name))
		if json.Unmarshal(data[key], &own) != nil || string(own.Value) != s.holder {
			return false
		}
		delete(data, key)
		return true
	})
}

// RenewLockLease is asked before each next attempt, with the time until the one after it.
func (s *secret) RenewLockLease(ctx context.Context, name string, lasts time.Duration) error {
	held, err := s.hold(ctx, name, lasts)
	if err == nil && !held {
		err = fmt.Errorf("another agent has the lock %s", name)
	}
	return err
}
