package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	nodes "go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// document is one value of a file.
type document struct {
	// Line is the 1-based line on which its text begins; 0 where that is not known.
	Line  int             `json:"line"`
	Value json.RawMessage `json:"value"`
	// Again: another reading of what stands before it.
	Again bool `json:"again,omitempty"`
}

// fault is why something could not be read.
type fault struct {
	Line   int    `json:"line,omitempty"`
	Reason string `json:"reason"`
	// Template: it is YAML once a program has filled in what stands in double braces.
	Template bool `json:"template,omitempty"`
	// Differs: the readers of the cluster disagree about it.
	Differs bool `json:"differs,omitempty"`
}

// chunk is the text of one document, as kubectl parts a file.
type chunk struct {
	line int
	text []byte
}

var mark = []byte("\xef\xbb\xbf")

// documentsOf reads a file with both readers of the cluster. Where only one of them can read it, its reading counts;
// where they read different things, neither does.
func documentsOf(text []byte) ([]document, []fault) {
	if at := invalidLine(text); at > 0 && !utf16(text) {
		return nil, []fault{{Line: at, Reason: "the line is not valid UTF-8: save the file as UTF-8"}}
	}
	if utf16(text) {
		return nil, []fault{{Line: 1, Reason: "the file is UTF-16: save it as UTF-8"}}
	}
	documents, faults := kubectlReading(text)
	if len(faults) == 0 && plain(text) && settled(documents) || slices.ContainsFunc(faults, fault.hostile) {
		return documents, faults
	}
	documents, faults = bothReadings(text, documents, faults)
	if len(faults) == 0 {
		return withStream(text, documents)
	}
	return documents, faults
}

func bothReadings(text []byte, documents []document, faults []fault) ([]document, []fault) {
	built, err := kustomizeReading(text)
	switch {
	case err != nil:
		return documents, faults
	case len(faults) > 0:
		// A document that kubectl stops at may be one that kustomize reads.
		return unplaced(built), nil
	}
	return agreed(documents, built)
}

// unplaced are documents whose lines are not known: kind and name tell where they are written.
func unplaced(objects []*unstructured.Unstructured) []document {
	found := make([]document, 0, len(objects))
	for _, object := range objects {
		if text, err := object.MarshalJSON(); err == nil {
			found = append(found, document{Value: text})
		}
	}
	return found
}

// plain: nothing in it is read in more than one way. What could be are anchors and aliases, tags, merge keys,
// directives, characters beyond ASCII, tabs, explicit keys, and JSON objects one behind the other.
func plain(text []byte) bool {
	for _, b := range text {
		if b >= 0x7f || b < ' ' && b != '\n' {
			return false
		}
	}
	return !ambiguous.Match(text) && !bytes.HasPrefix(bytes.TrimLeft(text, " \n"), []byte("{"))
}

var ambiguous = regexp.MustCompile(`(?m)^\s*(?:[%?]|\.\.\.|---[^\n]*\S)|<<|(?:^|[\s,\[{:-])[&*!]|\bList\b|\n\s*[}\]]|` +
	// Folded texts, which kustomize writes anew, and truth values of YAML 1.1, which it takes for texts.
	`[:-]\s+>|` +
	`[:,\[{-]\s*(?i:y|n|yes|no|on|off)\s*(?:$|[,\]}#])`)

func utf16(text []byte) bool {
	return bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff"))
}

func invalidLine(text []byte) int {
	if utf8.Valid(text) {
		return 0
	}
	for number, line := range bytes.Split(text, []byte("\n")) {
		if !utf8.Valid(line) {
			return number + 1
		}
	}
	return 1
}

// chunksOf parts a file as kubectl's reader does: at lines that begin with three dashes.
func chunksOf(text []byte) []chunk {
	var found []chunk
	begin, first, line := 0, 1, 1
	for at := 0; at < len(text); line++ {
		next := len(text)
		if newline := bytes.IndexByte(text[at:], '\n'); newline >= 0 {
			next = at + newline + 1
		}
		if bytes.HasPrefix(text[at:next], []byte("---")) {
			if at > begin {
				found = append(found, chunk{first, text[begin:at]})
			}
			// What stands behind the dashes belongs to the document, or makes it unreadable.
			begin, first = at, line
		}
		at = next
	}
	if begin < len(text) {
		found = append(found, chunk{first, text[begin:]})
	}
	return found
}

func kubectlReading(text []byte) ([]document, []fault) {
	if bytes.HasPrefix(bytes.TrimLeft(bytes.TrimPrefix(text, mark), " \t\r\n"), []byte("{")) {
		documents, err := jsonReading(text)
		if err == nil {
			return documents, nil
		}
		if twice := (&duplicate{}); errors.As(err, &twice) {
			return documents, []fault{{Line: 1 + bytes.Count(text[:twice.at], []byte("\n")), Reason: err.Error()}}
		}
	}
	documents, faults := []document{}, []fault{}
	for _, part := range chunksOf(text) {
		value, err := valueOf(part)
		switch {
		case err != nil:
			faults = append(faults, faultOf(err, part))
		case string(value) != "null":
			documents = append(documents, document{Line: part.line, Value: value})
		}
	}
	return documents, faults
}

func valueOf(part chunk) (json.RawMessage, error) {
	body := part.text
	if bytes.HasPrefix(body, []byte("---")) {
		line, rest, _ := bytes.Cut(body[3:], []byte("\n"))
		// kubectl drops the line; where more than a comment stands on it, it refuses, and kustomize reads on.
		if behind := bytes.TrimSpace(line); len(behind) == 0 || behind[0] == '#' {
			body = rest
		}
	}
	encoded, err := yaml.YAMLToJSONStrict(body)
	if err != nil && strings.Contains(err.Error(), alreadySet) && bytes.Contains(body, []byte("<<")) {
		// It takes a key that stands beside a merge for one that stands twice.
		var value any
		if err := nodes.Unmarshal(body, &value); err == nil {
			return checked(yaml.YAMLToJSON(body))
		}
	}
	return checked(encoded, err)
}

const alreadySet = "already set in map"

const maxDepth = 200

// checked refuses what is nested deeper than anybody writes.
func checked(text json.RawMessage, err error) (json.RawMessage, error) {
	if err != nil {
		return nil, err
	}
	depth, quoted := 0, false
	for at := 0; at < len(text); at++ {
		switch b := text[at]; {
		case quoted && b == '\\':
			at++
		case b == '"':
			quoted = !quoted
		case quoted:
		case b == '{' || b == '[':
			if depth++; depth > maxDepth {
				return nil, errDepth
			}
		case b == '}' || b == ']':
			depth--
		}
	}
	return text, nil
}

var errDepth = fmt.Errorf("nesting is more than %d levels deep", maxDepth)

// hostile: made to cost more than it is worth, so no other reader is asked.
func (f fault) hostile() bool {
	return strings.Contains(f.Reason, "alias") || strings.Contains(f.Reason, "nesting") || strings.Contains(f.Reason, "twice")
}

var yamlLine = regexp.MustCompile(`(?:yaml: )?line (\d+): `)

func faultOf(err error, part chunk) fault {
	reason := strings.TrimPrefix(err.Error(), "error converting YAML to JSON: ")
	line := part.line
	if found := yamlLine.FindStringSubmatch(reason); found != nil {
		number, _ := strconv.Atoi(found[1])
		line = part.line + lineInText(part.text, number) - 1
		if bytes.HasPrefix(part.text, []byte("---")) {
			line++
		}
	}
	reason = strings.TrimPrefix(strings.TrimSpace(yamlLine.ReplaceAllString(reason, "")), "yaml: ")
	reason = strings.TrimSpace(strings.TrimPrefix(reason, "unmarshal errors:"))
	reason, _, _ = strings.Cut(reason, "\n")
	switch {
	case strings.Contains(reason, alreadySet):
		key, _, _ := strings.Cut(strings.TrimPrefix(reason, "key "), " "+alreadySet)
		return fault{Line: line, Reason: fmt.Sprintf("the key %s is written twice", strings.Trim(key, `"`))}
	case strings.Contains(reason, "max depth"):
		reason = errDepth.Error()
	}
	if at := templateLine(part.text); at >= 0 {
		return fault{Line: part.line + at, Reason: "a template ({{ … }}), and not YAML before it is rendered", Template: true}
	}
	return fault{Line: line, Reason: "not readable as YAML or JSON: " + reason}
}

// lineInText turns a line as YAML counts them into one as editors do.
func lineInText(text []byte, yamlLine int) int {
	lines := editorLines(text)
	return lines[min(max(yamlLine, 1), len(lines))-1]
}

// editorLines gives for each line as YAML counts them the one that editors show: to YAML 1.1, U+0085, U+2028, U+2029
// and a carriage return end a line too.
func editorLines(text []byte) []int {
	line, lines := 1, []int{1}
	for at := 0; at < len(text); {
		symbol, size := rune(text[at]), 1
		if symbol >= utf8.RuneSelf {
			symbol, size = utf8.DecodeRune(text[at:])
		}
		at += size
		switch symbol {
		case '\n':
			line++
			lines = append(lines, line)
		case '\r':
			if at >= len(text) || text[at] != '\n' {
				lines = append(lines, line)
			}
		case 0x85, 0x2028, 0x2029:
			lines = append(lines, line)
		}
	}
	return lines
}
