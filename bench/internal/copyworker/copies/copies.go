// Package copies makes programs for confluent-kafka-go of those for this library.
package copies

import "bytes"

// Files are the programs, and where the peer's go.
var Files = map[string]string{
	"worker/ours/main.go": "worker/confluent/main.go",
	"size/ours/main.go":   "size/confluent/main.go",
}

// Copy returns a program with the peer's import line.
func Copy(program []byte) []byte {
	out := bytes.Replace(program, []byte(`"github.com/purego-kafka/kafka"`), []byte(`"github.com/confluentinc/confluent-kafka-go/v2/kafka"`), 1)
	return append([]byte("// Code generated from this library's program, with another import line (go generate). DO NOT EDIT.\n\n"), out...)
}
