package kafka_test

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/purego-kafka/kafka/compat/internal/gen"
)

var update = flag.Bool("update", false, "write zkafka.go anew")

// TestGenerated fails when the real package's API has moved on: run go test ./kafka -update.
func TestGenerated(t *testing.T) {
	want, err := gen.Source("../..")
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("zkafka.go", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile("zkafka.go")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("zkafka.go is stale: run go test ./kafka -update in compat")
	}
}
