// Command reference writes docs/refusals.md and docs/events.md: every refusal
// that a caller can meet, from its declaration beside the rule, and every event
// that is recorded, from its proto comment.
//
//	reference -root . -descriptors build/proto.binpb
//
// The descriptors are those of "buf build", with the comments of the source.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	root := flag.String("root", ".", "root of the repository")
	descriptors := flag.String("descriptors", "build/proto.binpb", "what buf build made")
	flag.Parse()
	if err := run(*root, *descriptors); err != nil {
		fmt.Fprintln(os.Stderr, "reference:", err)
		os.Exit(1)
	}
}

func run(root, descriptors string) error {
	refusals, err := refusals(root)
	if err != nil {
		return err
	}
	events, err := events(descriptors)
	if err != nil {
		return err
	}
	for name, page := range map[string]string{"refusals.md": refusals, "events.md": events} {
		if err := os.WriteFile(filepath.Join(root, "docs", name), []byte(page), 0o644); err != nil {
			return fmt.Errorf("write docs/%s: %w", name, err)
		}
	}
	return nil
}
