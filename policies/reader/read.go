package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/fluxcd/pkg/sourceignore"
	"sigs.k8s.io/kustomize/api/konfig"
)

type readRequest struct {
	// Root of the repository, absolute.
	Root string `json:"root"`
	// Paths below it, absolute: files and directories.
	Paths []string `json:"paths"`
}

type readAnswer struct {
	Files []*file `json:"files"`
	// Kustomizations are directories.
	Kustomizations []string `json:"kustomizations"`
	// Notes tell what was not read.
	Notes []note `json:"notes"`
}

type file struct {
	Path      string     `json:"path"`
	Documents []document `json:"documents"`
	Faults    []fault    `json:"faults"`
}

type note struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
	// Unread: it should have been read.
	Unread bool `json:"unread,omitempty"`
}

const maxMiB = 16

func read(request readRequest) (*readAnswer, error) {
	answer := &readAnswer{Files: []*file{}, Kustomizations: []string{}, Notes: []note{}}
	ignored, err := ignoredBelow(request.Root)
	if err != nil {
		return nil, err
	}
	for _, path := range request.Paths {
		answer.find(path, path, ignored)
	}
	var group sync.WaitGroup
	work := make(chan *file)
	for range runtime.NumCPU() {
		group.Go(func() {
			for one := range work {
				one.read()
			}
		})
	}
	for _, one := range answer.Files {
		work <- one
	}
	close(work)
	group.Wait()
	return answer, nil
}

// ignoredBelow knows what Flux leaves out of a source: what its defaults name silently, what the repository's own
// .sourceignore names by its say.
func ignoredBelow(root string) (func(path string, isDir bool) (left, said bool), error) {
	domain := strings.Split(root, string(filepath.Separator))
	own, err := sourceignore.LoadIgnorePatterns(root, domain)
	if err != nil {
		return nil, err
	}
	defaults := sourceignore.NewDefaultMatcher(nil, domain)
	all := sourceignore.NewDefaultMatcher(own, domain)
	return func(path string, isDir bool) (bool, bool) {
		parts := strings.Split(path, string(filepath.Separator))
		if !all.Match(parts, isDir) {
			return false, false
		}
		return true, !defaults.Match(parts, isDir)
	}, nil
}

func (a *readAnswer) find(path, given string, ignored func(string, bool) (bool, bool)) {
	info, err := os.Lstat(path)
	if path == given && err == nil {
		info, err = os.Stat(path)
	}
	if err != nil {
		a.Notes = append(a.Notes, note{Path: path, Reason: reasonOf(err), Unread: true})
		return
	}
	if path != given {
		if left, said := ignored(path, info.IsDir()); left {
			if said {
				a.Notes = append(a.Notes, note{Path: path, Reason: ".sourceignore leaves it out of the agent's source: not applied"})
			}
			return
		}
	}
	switch {
	case info.IsDir():
		entries, err := os.ReadDir(path)
		if err != nil {
			a.Notes = append(a.Notes, note{Path: path, Reason: reasonOf(err), Unread: true})
			return
		}
		for _, entry := range entries {
			if slices.Contains(konfig.RecognizedKustomizationFileNames(), entry.Name()) && entry.Type().IsRegular() {
				a.Kustomizations = append(a.Kustomizations, path)
				break
			}
		}
		for _, entry := range entries {
			a.find(filepath.Join(path, entry.Name()), given, ignored)
		}
	case info.Mode()&fs.ModeSymlink != 0:
		a.Notes = append(a.Notes, note{Path: path, Reason: "a symbolic link: the agent's source has none, so it is not applied"})
	case path != given && !isManifest(path):
	case !info.Mode().IsRegular() && path != given:
		a.Notes = append(a.Notes, note{Path: path, Reason: "a pipe, a socket or a device: not a manifest"})
	default:
		a.Files = append(a.Files, &file{Path: path})
	}
}

func isManifest(path string) bool {
	switch filepath.Ext(path) {
	case ".yaml", ".yml", ".json":
		return true
	}
	return slices.Contains(konfig.RecognizedKustomizationFileNames(), filepath.Base(path))
}

func (f *file) read() {
	f.Documents, f.Faults = []document{}, []fault{}
	text, err := readUpTo(f.Path)
	if err != nil {
		f.Faults = append(f.Faults, fault{Reason: reasonOf(err)})
		return
	}
	documents, faults := documentsOf(text)
	f.Documents, f.Faults = append(f.Documents, documents...), append(f.Faults, faults...)
}

// readUpTo reads no more of a file than tells that it is too large: a device has no end.
func readUpTo(path string) ([]byte, error) {
	opened, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	if info, err := opened.Stat(); err == nil && info.Mode().IsRegular() {
		if info.Size() > maxMiB<<20 {
			return nil, fmt.Errorf("the file has more than %d MiB: split it", maxMiB)
		}
		return os.ReadFile(path)
	}
	return limited(opened)
}
