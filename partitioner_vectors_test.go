package kafka

import (
	"encoding/hex"
	"os"
	"strconv"
	"strings"
	"testing"
)

// partitionerVector is a row of testdata/partitioner.tsv: what librdkafka's own functions choose for a key. The test of
// the same name in parity/ writes that file.
type partitionerVector struct {
	key        []byte
	partitions int
	chosen     map[string]int // by partitioner
}

func partitionerVectors(t *testing.T) (vectors []partitionerVector) {
	t.Helper()
	text, err := os.ReadFile("testdata/partitioner.tsv")
	if err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	names := strings.Split(rows[0], "\t")[2:]
	for i, row := range rows[1:] {
		v := partitionerVector{chosen: map[string]int{}}
		f := strings.Split(row, "\t")
		if len(f) != 2+len(names) {
			t.Fatalf("row %d has %d fields", i+2, len(f))
		}
		switch {
		case f[0] == "nil":
		case f[0][0] == '"':
			s, err := strconv.Unquote(f[0])
			if err != nil {
				t.Fatalf("row %d: %v", i+2, err)
			}
			v.key = []byte(s)
		default:
			if v.key, err = hex.DecodeString(f[0][1:]); err != nil {
				t.Fatalf("row %d: %v", i+2, err)
			}
		}
		v.partitions = decimal(t, f[1])
		for j, name := range names {
			v.chosen[name] = decimal(t, f[2+j])
		}
		vectors = append(vectors, v)
	}
	return vectors
}

func decimal(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestPartitionerVectors: our partitioners choose what librdkafka chooses, hash for hash.
func TestPartitionerVectors(t *testing.T) {
	t.Parallel()
	vectors := partitionerVectors(t)
	if len(vectors) < 10_000 {
		t.Errorf("%d keys, want 10,000", len(vectors))
	}
	counts := map[int]bool{}
	for _, v := range vectors {
		counts[v.partitions] = true
		for name, want := range v.chosen {
			for _, variant := range []string{name, name + "_random"} {
				p := partitioners[variant]
				if p.keyless(v.key) {
					if name == variant {
						t.Errorf("partitioner=%s does not hash the key %q", name, v.key)
					}
					continue // TestPartitioners
				}
				if got := p.pick(v.key, 0, v.partitions, 0, nil); got != want {
					t.Errorf("partitioner=%s chooses %d of %d for the key %q, librdkafka %d", variant, got, v.partitions, v.key, want)
				}
			}
		}
	}
	for n := 1; n <= 1024; n++ {
		if !counts[n] {
			t.Errorf("no vector with %d partitions", n)
		}
	}
}
