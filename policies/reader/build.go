package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/fluxcd/pkg/kustomize"
	"github.com/fluxcd/pkg/sourceignore"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/openapi"
	"sigs.k8s.io/yaml"
)

type buildRequest struct {
	Root  string `json:"root"`
	Roots []root `json:"roots"`
	// Cache is a directory for what was built before; none where it is empty.
	Cache string `json:"cache,omitempty"`
}

// root is what one Flux Kustomization applies, or would.
type root struct {
	// Directory, absolute.
	Directory string `json:"directory"`
	// Flux is the Kustomization of the agent that names the directory, where there is one.
	Flux map[string]any `json:"flux,omitempty"`
}

type buildAnswer struct {
	Builds []result `json:"builds"`
}

type result struct {
	Objects []built `json:"objects"`
	// Files that were read for it, relative to the repository's root.
	Files []string `json:"files"`
	Error string   `json:"error,omitempty"`
}

type built struct {
	Object json.RawMessage `json:"object"`
	// Origin: the file that the object was written in, relative to the repository's root; empty for a generated one.
	Origin string `json:"origin,omitempty"`
	// Changed: the kustomizations that changed it, relative to the repository's root.
	Changed []string `json:"changed,omitempty"`
}

const workerVerb = "build-worker"

// build answers from the cache where nothing that a build read has changed, and shares the rest among processes:
// kustomize keeps what it knows of schemas in variables of its own, so one process builds one thing at a time.
func build(request buildRequest) (*buildAnswer, error) {
	answer := &buildAnswer{Builds: make([]result, len(request.Roots))}
	kept := openCache(request)
	shares := make([][]int, min(runtime.NumCPU(), len(request.Roots)))
	next := 0
	for index, one := range request.Roots {
		if found, ok := kept.get(one); ok {
			answer.Builds[index] = found
			continue
		}
		shares[next%len(shares)] = append(shares[next%len(shares)], index)
		next++
	}
	var group sync.WaitGroup
	failed := make([]error, len(shares))
	for worker, share := range shares {
		if len(share) == 0 {
			continue
		}
		group.Go(func() {
			results, err := workOn(request, share)
			if err != nil {
				failed[worker] = err
				return
			}
			for position, index := range share {
				answer.Builds[index] = results[position].result
				kept.put(request.Roots[index], results[position])
			}
		})
	}
	group.Wait()
	return answer, errors.Join(failed...)
}

func workOn(request buildRequest, share []int) ([]traced, error) {
	asked := buildRequest{Root: request.Root}
	for _, index := range share {
		asked.Roots = append(asked.Roots, request.Roots[index])
	}
	input, err := json.Marshal(asked)
	if err != nil {
		return nil, err
	}
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	command := exec.Command(program, workerVerb)
	command.Stdin = bytes.NewReader(input)
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("building kustomizations: %w", err)
	}
	var results []traced
	if err := json.Unmarshal(output, &results); err != nil {
		return nil, err
	}
	if len(results) != len(share) {
		return nil, fmt.Errorf("building kustomizations: %d results for %d", len(results), len(share))
	}
	return results, nil
}

// traced is a result with what it was made from.
type traced struct {
	result
	Seen map[string]string `json:"seen"`
}

func work(request buildRequest) ([]traced, error) {
	results := make([]traced, 0, len(request.Roots))
	for _, one := range request.Roots {
		results = append(results, buildOne(request.Root, one))
	}
	return results, nil
}

func buildOne(repository string, one root) traced {
	from, err := newSource(repository)
	if err != nil {
		return traced{result: result{Error: err.Error()}}
	}
	objects, err := objectsBuilt(from, one)
	answer := traced{result: result{Objects: objects, Files: []string{}}, Seen: from.seen}
	if err != nil {
		answer.Objects, answer.Error = nil, explain(from, err)
	}
	for path, content := range from.seen {
		if isDigest(content) {
			answer.Files = append(answer.Files, path)
		}
	}
	return answer
}

func isDigest(content string) bool { return len(content) == 64 }

func objectsBuilt(from *source, one root) (objects []built, err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("kustomize: %v", problem)
		}
	}()
	flux := unstructured.Unstructured{Object: one.Flux}
	if flux.Object == nil {
		flux.Object = map[string]any{}
	}
	manifest, file, action, err := generatorFor(from, one.Directory, flux).GenerateManifest(one.Directory)
	if err != nil {
		return nil, err
	}
	if from.note(file); action == kustomize.CreatedAction {
		// What was looked through belongs to what the build was made from.
		_ = from.Walk(one.Directory, func(string, os.FileInfo, error) error { return nil })
	}
	if manifest, err = traceable(from, one, manifest, action == kustomize.CreatedAction); err != nil {
		return nil, err
	}
	from.written = map[string][]byte{file: manifest}
	built, err := krusty.MakeKustomizer(&krusty.Options{
		LoadRestrictions: types.LoadRestrictionsNone,
		PluginConfig:     types.DisabledPluginConfig(),
	}).Run(from, one.Directory)
	if err != nil {
		return nil, err
	}
	if from.namesSchemas() {
		openapi.ResetOpenAPI()
	}
	for _, resource := range built.Resources() {
		object, err := objectOf(from, one, resource)
		if err != nil {
			return nil, err
		}
		if object.Object != nil {
			objects = append(objects, object)
		}
	}
	return objects, nil
}

// generatorFor makes the kustomization of a directory, or finds it. Where there is none, Flux looks through what it has
// fetched, which holds less than this disk.
func generatorFor(from *source, directory string, flux unstructured.Unstructured) *kustomize.Generator {
	for _, name := range konfig.RecognizedKustomizationFileNames() {
		if path := filepath.Join(directory, name); from.Exists(path) && !from.IsDir(path) {
			return kustomize.NewGenerator(from.root, flux)
		}
	}
	left := strings.Join([]string{
		sourceignore.ExcludeVCS, sourceignore.ExcludeExt, sourceignore.ExcludeCI, sourceignore.ExcludeExtra,
	}, ",")
	return kustomize.NewGeneratorWithIgnore(from.root, strings.ReplaceAll(left, ",", "\n"), flux)
}

// traceable asks kustomize to write down where objects come from and what changes them. Symbolic links that a scan of
// this disk has found are not in the agent's source.
func traceable(from *source, one root, manifest []byte, scanned bool) ([]byte, error) {
	var content map[string]any
	if err := yaml.Unmarshal(manifest, &content); err != nil {
		return nil, err
	}
	asked, _ := content["buildMetadata"].([]any)
	content["buildMetadata"] = append(asked, types.OriginAnnotations, types.TransformerAnnotations)
	if resources, ok := content["resources"].([]any); ok && scanned {
		content["resources"] = slices.DeleteFunc(resources, func(entry any) bool {
			name, _ := entry.(string)
			path := filepath.Join(one.Directory, name)
			return !strings.Contains(name, ":") && from.link(path) != ""
		})
	}
	return yaml.Marshal(content)
}

// explain says why a build failed, without the paths of this machine. Where it is for want of what lies elsewhere, it
// names the file and the field that ask for it.
func explain(from *source, err error) string {
	said := strings.ReplaceAll(err.Error(), from.root+string(filepath.Separator), "")
	said = strings.ReplaceAll(said, from.root, ".")
	if foreign := from.foreign(); foreign != "" {
		return foreign
	}
	return said
}
