package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"time"
)

// cache keeps what was built, each with what it was built from. A build is taken from it only where all of that is as
// it was. What cannot be read or written is built.
type cache struct {
	directory string
	root      string
	program   string
	contents  map[string]string
}

func openCache(request buildRequest) *cache {
	kept := &cache{root: request.Root, contents: map[string]string{}}
	if request.Cache == "" || os.MkdirAll(request.Cache, 0o700) != nil {
		return kept
	}
	// The store's path of this program changes with whatever it is built from.
	program, err := os.Executable()
	if err != nil {
		return kept
	}
	kept.directory, kept.program = request.Cache, program
	kept.sweep()
	return kept
}

const keptFor = 30 * 24 * time.Hour

// sweep removes what was not asked for in a month: earlier programs' builds, other repositories, and what a check that
// was killed left half-written.
func (c *cache) sweep() {
	entries, err := os.ReadDir(c.directory)
	if err != nil {
		return
	}
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && time.Since(info.ModTime()) > keptFor {
			_ = os.Remove(filepath.Join(c.directory, entry.Name()))
		}
	}
}

func (c *cache) file(one root) string {
	relative, err := filepath.Rel(c.root, one.Directory)
	if err != nil {
		return ""
	}
	key, err := json.Marshal([]any{c.program, relative, one.Flux})
	if err != nil {
		return ""
	}
	digest := sha256.Sum256(key)
	return filepath.Join(c.directory, hex.EncodeToString(digest[:])+".json")
}

func (c *cache) get(one root) (result, bool) {
	if c.directory == "" {
		return result{}, false
	}
	text, err := os.ReadFile(c.file(one))
	if err != nil {
		return result{}, false
	}
	var kept traced
	if json.Unmarshal(text, &kept) != nil || len(kept.Seen) == 0 {
		return result{}, false
	}
	for path, content := range kept.Seen {
		now, known := c.contents[path]
		if !known {
			now = contentOf(c.root, path)
			c.contents[path] = now
		}
		if now != content {
			return result{}, false
		}
	}
	now := time.Now()
	_ = os.Chtimes(c.file(one), now, now)
	return kept.result, true
}

// put keeps a build that succeeded, in one step: another check may read at the same time.
func (c *cache) put(one root, made traced) {
	if c.directory == "" || made.Error != "" {
		return
	}
	text, err := json.Marshal(made)
	if err != nil {
		return
	}
	part, err := os.CreateTemp(c.directory, "part-")
	if err != nil {
		return
	}
	_, err = part.Write(text)
	if closed := part.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(part.Name(), c.file(one))
	}
	if err != nil {
		_ = os.Remove(part.Name())
	}
}
