// Command reader reads a configuration repository as the cluster's programs do: with kubectl's reader, and with the
// packages by which Flux's kustomize-controller builds. It has no network, writes nothing into the repository, and
// answers one request from standard input with JSON on standard output.
//
//	reader read    {"root", "paths"}           what is in the files below the paths
//	reader build   {"root", "roots", "cache"}  what kustomizations build
//	reader locate  {"places"}                  the lines on which something is written
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	verbs := map[string]func(*json.Decoder) (any, error){
		"read": answering(read), "build": answering(build), "locate": answering(locate), workerVerb: answering(work),
	}
	if len(arguments) != 1 || verbs[arguments[0]] == nil {
		return fmt.Errorf("usage: reader read|build|locate, with a request on standard input")
	}
	if err := confine(); err != nil {
		return err
	}
	answer, err := verbs[arguments[0]](json.NewDecoder(bufio.NewReader(os.Stdin)))
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(answer); err != nil {
		return err
	}
	return out.Flush()
}

func answering[Request, Answer any](verb func(Request) (Answer, error)) func(*json.Decoder) (any, error) {
	return func(decoder *json.Decoder) (any, error) {
		var request Request
		if err := decoder.Decode(&request); err != nil {
			return nil, fmt.Errorf("the request: %w", err)
		}
		return verb(request)
	}
}
