package ledger

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// Checkpoint says what a ledger contained: the root over its first Size
// leaves.
type Checkpoint struct {
	// Origin names the ledger, for example "ostiary/audit".
	Origin string
	// Size is the number of leaves.
	Size int64
	// Root is the root over them.
	Root Hash
}

// Sign returns the checkpoint as a signed note (C2SP tlog-checkpoint): three
// lines, an empty line, and the signature.
func Sign(origin string, size int64, root Hash, signer note.Signer) ([]byte, error) {
	if origin == "" || strings.ContainsAny(origin, "\n\r") || size < 0 {
		return nil, fmt.Errorf("sign checkpoint: origin %q or size %d is invalid", origin, size)
	}
	text := fmt.Sprintf("%s\n%d\n%s\n", origin, size, base64.StdEncoding.EncodeToString(root[:]))
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	if err != nil {
		return nil, fmt.Errorf("sign checkpoint: %w", err)
	}
	return signed, nil
}

// Open verifies a signed checkpoint and reads it. Signatures of others and
// lines after the root are passed over, as the format demands.
func Open(signed []byte, verifier note.Verifier) (Checkpoint, error) {
	n, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("open checkpoint: %w", err)
	}
	// A note's base64 may carry stray bits at its end. One checkpoint has one
	// spelling here, so that a changed byte is a changed byte.
	for _, sig := range n.Sigs {
		if _, err := base64.StdEncoding.Strict().DecodeString(sig.Base64); err != nil {
			return Checkpoint{}, fmt.Errorf("open checkpoint: signature of %s: %w", sig.Name, err)
		}
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) < 4 || lines[0] == "" {
		return Checkpoint{}, fmt.Errorf("open checkpoint: %d lines, want origin, size and root", len(lines)-1)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return Checkpoint{}, fmt.Errorf("open checkpoint: %q is not a size", lines[1])
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != len(Hash{}) {
		return Checkpoint{}, fmt.Errorf("open checkpoint: %q is not a root", lines[2])
	}
	return Checkpoint{Origin: lines[0], Size: size, Root: Hash(root)}, nil
}
