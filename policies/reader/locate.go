package main

import (
	"encoding/json"
	"os"
	"reflect"

	"go.yaml.in/yaml/v3"
)

type locateRequest struct {
	Places []place `json:"places"`
}

// place asks where something of an object is written.
type place struct {
	// Candidates are files, the likeliest first: the one that the object is written in, then those that patch it.
	Candidates []candidate `json:"candidates"`
	// Path inside the object: keys and indexes.
	Path []any `json:"path"`
	// Value at the path, where there is one: a file that says something else there is not the one that says it.
	Value any `json:"value"`
}

type candidate struct {
	File string `json:"file"`
	// Line on which the document begins; 0 where the kind and name tell which it is.
	Line int    `json:"line,omitempty"`
	Kind string `json:"kind,omitempty"`
	Name string `json:"name,omitempty"`
	// At is where the object begins inside the document: inside a list of objects.
	At []any `json:"at,omitempty"`
	// Exact: At alone is the place, whatever the path.
	Exact bool `json:"exact,omitempty"`
	// Keys are the names by which a patch names the items on the path; "" for a step that is not into a list.
	Keys []string `json:"keys,omitempty"`
}

type located struct {
	File string `json:"file"`
	Line int    `json:"line"`
}

type locateAnswer struct {
	Places []located `json:"places"`
}

// node is a document with the lines that its nodes stand on, as editors count them.
type node struct {
	root  *yaml.Node
	text  chunk
	lines []int
}

func locate(request locateRequest) (*locateAnswer, error) {
	answer := &locateAnswer{Places: []located{}}
	known := map[string][]node{}
	for _, asked := range request.Places {
		var best located
		deepest := -1
		for _, one := range asked.Candidates {
			if _, read := known[one.File]; !read {
				known[one.File] = nodesOf(one.File)
			}
			document := documentAt(known[one.File], one)
			if document == nil {
				continue
			}
			path := asked.Path
			if one.Exact {
				path = nil
			}
			line, depth, value := document.find(one, path)
			if one.Exact {
				depth, value = len(asked.Path), asked.Value
			}
			whole := depth == len(asked.Path)
			// The whole path, with the value that the object has there, is the place; else whoever says most of it.
			if whole && asked.Value != nil && !equal(value, asked.Value) {
				depth--
			}
			if depth > deepest {
				best, deepest = located{one.File, line}, depth
			}
		}
		answer.Places = append(answer.Places, best)
	}
	return answer, nil
}

func nodesOf(file string) []node {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	var found []node
	parts := jsonChunks(text)
	if parts == nil {
		parts = chunksOf(text)
	}
	for _, part := range parts {
		var root yaml.Node
		if yaml.Unmarshal(part.text, &root) == nil && len(root.Content) > 0 {
			found = append(found, node{root.Content[0], part, editorLines(part.text)})
		}
	}
	return found
}

func documentAt(documents []node, one candidate) *node {
	for index := range documents {
		document := &documents[index]
		if one.Line > 0 {
			// kubectl counts from the dashes, a list of JSON objects from each of them.
			if document.text.line <= one.Line && (index+1 == len(documents) || documents[index+1].text.line > one.Line) {
				return document
			}
			continue
		}
		if document.text.line > 0 && textAt(document.root, "kind") == one.Kind && named(document.root, one.Name) {
			return document
		}
	}
	return nil
}

func textAt(root *yaml.Node, keys ...any) string {
	here := root
	for _, key := range keys {
		if here = step(here, key, ""); here == nil {
			return ""
		}
	}
	return here.Value
}

func named(root *yaml.Node, name string) bool {
	return name == "" || textAt(root, "metadata", "name") == name
}

// find goes along a path as far as it is written. The line is that of the last key, or of the last item.
func (n *node) find(one candidate, path []any) (line, depth int, value any) {
	here := n.root
	at := here.Line
	for _, key := range one.At {
		if next := step(here, key, ""); next != nil {
			here, at = next, lineOf(here, key, next)
		}
	}
	for index, key := range path {
		name := ""
		if index < len(one.Keys) {
			name = one.Keys[index]
		}
		next := step(here, key, name)
		if next == nil {
			break
		}
		at = lineOf(here, key, next)
		here = next
		depth++
	}
	if depth == len(path) && here.Kind == yaml.ScalarNode {
		_ = here.Decode(&value)
	}
	return n.text.line + n.lines[min(max(at, 1), len(n.lines))-1] - 1, depth, value
}

func step(here *yaml.Node, key any, name string) *yaml.Node {
	if here.Kind == yaml.AliasNode {
		here = here.Alias
	}
	switch here.Kind {
	case yaml.MappingNode:
		text, isText := key.(string)
		for at := 0; isText && at+1 < len(here.Content); at += 2 {
			if here.Content[at].Value == text {
				return here.Content[at+1]
			}
		}
	case yaml.SequenceNode:
		if name != "" {
			for _, item := range here.Content {
				if textAt(item, "name") == name {
					return item
				}
			}
			return nil
		}
		if index, isNumber := key.(float64); isNumber && int(index) >= 0 && int(index) < len(here.Content) {
			return here.Content[int(index)]
		}
	}
	return nil
}

// lineOf is the line of a key, and of an item where it begins.
func lineOf(here *yaml.Node, key any, next *yaml.Node) int {
	if here.Kind == yaml.AliasNode {
		here = here.Alias
	}
	if here.Kind == yaml.MappingNode {
		for at := 0; at+1 < len(here.Content); at += 2 {
			if here.Content[at].Value == key {
				return here.Content[at].Line
			}
		}
	}
	return next.Line
}

func equal(left, right any) bool {
	text, err := json.Marshal(left)
	if err != nil {
		return false
	}
	return reflect.DeepEqual(decoded(text), right)
}
