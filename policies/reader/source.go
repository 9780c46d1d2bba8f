package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	securefs "github.com/fluxcd/pkg/kustomize/filesys"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// source is the repository as the agent gets it: what lies in it, without symbolic links, and nothing that lies
// outside. It remembers what was asked for, so that a build can be found again by it.
type source struct {
	filesys.FileSystem
	root string
	// seen: paths relative to the root, with what they held.
	seen map[string]string
	// written stands in place of what is on the disk: the kustomization as the agent completes it.
	written map[string][]byte
}

func newSource(root string) (*source, error) {
	disk, err := securefs.MakeFsOnDiskSecure(root)
	if err != nil {
		return nil, err
	}
	return &source{FileSystem: disk, root: root, seen: map[string]string{}}, nil
}

func (s *source) note(path string) string {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	relative, err := filepath.Rel(s.root, absolute)
	if err == nil && relative != ".." && !strings.HasPrefix(relative, "../") {
		if _, known := s.seen[relative]; !known {
			s.seen[relative] = contentOf(s.root, relative)
		}
	}
	return absolute
}

// link is a symbolic link on the way to a path, if there is one.
func (s *source) link(path string) string {
	relative, err := filepath.Rel(s.root, path)
	if err != nil {
		return ""
	}
	here := s.root
	for _, part := range strings.Split(relative, string(filepath.Separator)) {
		here = filepath.Join(here, part)
		if info, err := os.Lstat(here); err == nil && info.Mode()&fs.ModeSymlink != 0 {
			return here
		}
	}
	return ""
}

func (s *source) Exists(path string) bool {
	return s.written[path] != nil || s.link(s.note(path)) == "" && s.FileSystem.Exists(path)
}

func (s *source) IsDir(path string) bool {
	return s.link(s.note(path)) == "" && s.FileSystem.IsDir(path)
}

func (s *source) ReadFile(path string) ([]byte, error) {
	if text := s.written[path]; text != nil {
		return text, nil
	}
	if link := s.link(s.note(path)); link != "" {
		name, _ := filepath.Rel(s.root, link)
		return nil, fmt.Errorf("%s is a symbolic link, and the agent's source has none", name)
	}
	text, err := s.FileSystem.ReadFile(path)
	if err == nil && bytes.ContainsRune(text, '*') && bytes.ContainsRune(text, '&') {
		err = expandable(path, text)
	}
	return text, err
}

// expandable refuses a text whose aliases would be written out into more than any machine holds.
func expandable(path string, text []byte) error {
	for _, part := range chunksOf(text) {
		if _, err := valueOf(part); err != nil && strings.Contains(err.Error(), "alias") {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

func (s *source) CleanedAbs(path string) (filesys.ConfirmedDir, string, error) {
	if link := s.link(s.note(path)); link != "" {
		name, _ := filepath.Rel(s.root, link)
		return "", "", fmt.Errorf("%s is a symbolic link, and the agent's source has none", name)
	}
	return s.FileSystem.CleanedAbs(path)
}

func (s *source) ReadDir(path string) ([]string, error) {
	s.note(path)
	return s.FileSystem.ReadDir(path)
}

func (s *source) Glob(pattern string) ([]string, error) {
	s.note(filepath.Dir(pattern))
	return s.FileSystem.Glob(pattern)
}

func (s *source) Walk(path string, walk filepath.WalkFunc) error {
	return s.FileSystem.Walk(path, func(found string, info os.FileInfo, err error) error {
		if info != nil && info.Mode()&fs.ModeSymlink != 0 {
			return nil
		}
		if info != nil && info.IsDir() {
			s.note(found)
		}
		return walk(found, info, err)
	})
}

// contentOf says what stands at a path, in few characters: "-" for nothing, the digest of a file, or of a directory's
// names.
func contentOf(root, relative string) string {
	path := filepath.Join(root, relative)
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return "-"
	case info.Mode()&fs.ModeSymlink != 0:
		target, _ := os.Readlink(path)
		return "link " + target
	case info.IsDir():
		entries, err := os.ReadDir(path)
		if err != nil {
			return "-"
		}
		names := sha256.New()
		for _, entry := range entries {
			fmt.Fprintf(names, "%s\n%v\n", entry.Name(), entry.Type())
		}
		return "directory " + hex.EncodeToString(names.Sum(nil))
	case !info.Mode().IsRegular():
		return "device"
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "-"
	}
	digest := sha256.Sum256(text)
	return hex.EncodeToString(digest[:])
}
